"""Arms that are one recipe: an A/A check under other seeds, and a recipe under two names."""

from dataclasses import replace

import pytest
from scipy import stats

from ceteris.report.compare import compare_dict, compare_text
from ceteris.report.evidence import gather
from ceteris.report.page import write_report
from ceteris.report.sentences import verdict_label, verdict_sentence, verdict_sentences, warnings
from ceteris.report.words import Words, languages
from ceteris.stats.contrast import Verdict
from ceteris.study.arms import AGAIN
from ceteris.study.manifest import PlannedTrial
from ceteris.study.record import Status

OWN = (7, 8, 9)


def checked(world, *, arms=("plain",), truth=0.72, factors=(), **given):
    """A study of the arms with an A/A check of the first; `truth` is what the check's trials come to."""
    name = f"{arms[0]} again"
    made = world(dict.fromkeys(arms, 0.72) | {name: truth}, again=list(OWN), factors=list(factors), **given)
    first = made.plan.arms[0]
    arm = replace(first, name=name, levels={AGAIN: "7, 8, 9"})
    trials = [t for t in made.plan.trials if t.arm != name]
    again = [PlannedTrial(name, seed, f"{seed:064}") for seed in OWN]
    plan = replace(made.plan, arms=(*made.plan.arms[:-1], arm), trials=(*trials, *again))
    records = {t.key: made.records[t.key] for t in trials}
    return plan, records | {t.key: made.record(t, first.recipe) for t in again}


def twins(world):
    """Three arms of which the last has the recipe of the first."""
    made = world({"plain": 0.72, "other": 0.8, "twin": 0.72})
    arms, trials = made.plan.arms, made.plan.trials
    same = replace(arms[2], recipe=arms[0].recipe, differs={})
    keys = {t.seed: t.key for t in made.plan.trials_of("plain")}
    shared = tuple(replace(t, key=keys[t.seed]) if t.arm == "twin" else t for t in trials)
    return replace(made.plan, arms=(*arms[:2], same), trials=shared), made.records


def test_an_a_a_check_is_a_welch_test_of_its_own(world):
    plan, records = checked(world, arms=("plain", "other"), factors=[{"path": "model", "levels": ["other"]}])
    evidence = gather(plan, records)
    other, check = evidence.contrasts

    scores = [list(evidence.arm(name).scores.scores.values()) for name in ("plain again", "plain")]
    assert check.p == pytest.approx(stats.ttest_ind(*scores, equal_var=False).pvalue, rel=1e-9)
    assert (other.family, check.family) == (1, 1)
    assert other.differences
    assert check.differences == ()
    assert check.seeds == (0, 1, 2, *OWN)
    assert evidence.compared == [other]


def test_an_a_a_check_is_told_as_one(world):
    words = Words("en")
    evidence = gather(*checked(world))
    (said,) = verdict_sentences(evidence, words)

    assert evidence.contrasts[0].verdict in (Verdict.UNDECIDED, Verdict.SAME)
    assert said.startswith("A/A check, plain again: no false alarm.")
    assert verdict_label(evidence, evidence.contrasts[0], words).startswith("A/A: ")
    assert any("plain again is plain once more, under other seeds" in line for line in warnings(evidence, words))


@pytest.mark.parametrize("truth", [0.5, 0.95])
def test_a_false_alarm_is_called_one(world, truth):
    evidence = gather(*checked(world, truth=truth))
    said = verdict_sentence(evidence, evidence.contrasts[0], Words("en"))

    assert evidence.contrasts[0].verdict is (Verdict.WORSE if truth < 0.72 else Verdict.BETTER)
    assert "false alarm. The test sees a difference of" in said
    assert "between one recipe and itself, as it will in 5 % of such checks" in said
    assert "\N{MINUS SIGN}" not in said
    assert "is better" not in said


def test_an_a_a_check_without_an_outcome_says_why(world):
    said = verdict_sentences(gather(*checked(world, ended={("plain again", 8): Status.DIVERGED})), Words("en"))

    assert said[0].startswith("A/A check, one recipe under two sets of seeds, without an outcome: ")
    assert "1 of 3 trials of plain again diverged" in said[0]


@pytest.mark.parametrize("language", languages())
def test_the_page_of_an_a_a_check(world, quick, tmp_path, language):
    page = write_report(*checked(world), tmp_path, language).read_text(encoding="utf-8")

    assert "A/A" in page
    assert "7 / 0" in page
    assert "paired t over seeds" not in page


def test_one_recipe_under_two_names_is_said_to_be_that(world, quick, tmp_path):
    plan, records = twins(world)
    evidence, words = gather(plan, records), Words("en")
    other, twin = evidence.contrasts

    said = "twin is the same recipe as plain under another name"
    assert twin.differences == (0.0, 0.0, 0.0)
    assert verdict_sentence(evidence, twin, words).startswith(said)
    assert verdict_label(evidence, twin, words) == "same recipe"
    assert "same recipe" not in verdict_sentence(evidence, other, words)
    assert said in write_report(plan, records, tmp_path).read_text(encoding="utf-8")
    assert said in compare_text(plan, records, "plain", "twin")
    assert compare_dict(plan, records, "plain", "twin")["sentence"].startswith(said)
    assert compare_dict(plan, records, "twin", "other")["differs"]


def test_an_a_a_check_compared_in_full(world):
    plan, records = checked(world)

    assert "A/A check, plain again" in compare_text(plan, records, "plain", "plain again")
    assert compare_dict(plan, records, "plain", "plain again")["verdict"] in ("undecided", "practically the same")
