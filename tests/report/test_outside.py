"""Results from elsewhere: the same verdicts as a study of the same scores, and what a file can and cannot tell."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ceteris.errors import InputError
from ceteris.report.evidence import gather
from ceteris.report.outside import compare_results, outside_dict, outside_text
from ceteris.report.results_file import Results
from ceteris.report.sentences import verdict_sentences
from ceteris.report.words import Words, languages
from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.study.streams import stream

MARGINS = {"margin": 0.005, "alpha": 0.05}


def results(arms, correct=None, metric="top1"):
    made = [arm if isinstance(arm, ArmScores) else ArmScores(arm, dict(enumerate(arms[arm])), {}) for arm in arms]
    return Results("a/results.csv", metric, tuple(made), correct or {})


def compared(arms, *, correct=None, metric="top1", **options):
    return compare_results(results(arms, correct, metric), **(MARGINS | options))


def with_images(arms, seeds=3, images=300):
    """Correctness from per-image difficulties that all networks share, and the scores it gives."""
    hard = stream(0, "outside/hard").uniform(size=images)
    correct = {
        name: {s: hard + 0.2 * stream(s, f"outside/{name}").normal(size=images) < level for s in range(seeds)}
        for name, level in arms.items()
    }
    scores = [ArmScores(n, {s: float(right.mean()) for s, right in own.items()}, {}) for n, own in correct.items()]
    return scores, correct


def test_a_file_is_told_as_a_study_with_the_same_scores(world):
    made = world({"plain": 0.72, "other": 0.8, "near": 0.721})
    evidence = gather(made.plan, made.records)
    study = made.plan.study
    outside = compare_results(results([a.scores for a in evidence.arms]), margin=study.margin, alpha=study.alpha)

    assert outside.contrasts == evidence.contrasts
    told = outside_text(outside, Words("en"))
    flat = re.sub(r"\s+", " ", told)
    for sentence in verdict_sentences(evidence, Words("en")):
        assert sentence.replace("\N{MINUS SIGN}", "-") in flat


def test_the_numbers_are_those_of_scipy():
    arms = {"a": [0.70, 0.72, 0.69, 0.71], "b": [0.74, 0.75, 0.75, 0.73]}
    paired, welch = compared(arms).contrasts[0], compared(arms, pairing="independent").contrasts[0]

    assert paired.p == pytest.approx(stats.ttest_rel(arms["b"], arms["a"]).pvalue, rel=1e-9)
    assert welch.p == pytest.approx(stats.ttest_ind(arms["b"], arms["a"], equal_var=False).pvalue, rel=1e-9)
    assert welch.differences == ()


def test_any_arm_can_be_the_baseline():
    outside = compared({"a": [0.7, 0.71], "b": [0.8, 0.83], "c": [0.6, 0.65]}, baseline="b")

    assert outside.baseline.name == "b"
    assert [(c.arm, c.baseline) for c in outside.contrasts] == [("a", "b"), ("c", "b")]
    with pytest.raises(InputError, match="no arm is called 'B2'"):
        compared({"a": [0.7], "b": [0.8]}, baseline="B2")


def test_what_is_lost_or_missing_is_counted_and_named():
    arms = [ArmScores("a", {0: 0.7, 1: 0.71, 2: 0.72}, {}), ArmScores("b", {0: 0.8, 1: 0.83}, {3: "diverged"})]
    outside = compared(arms)
    told = re.sub(r"\s+", " ", outside_text(outside, Words("en")))

    assert outside.contrasts[0].verdict is Verdict.UNSTABLE
    assert "b against a is unstable: 1 of 4 trials of b diverged." in told
    assert "a: nothing in the file for seed 3" in told
    assert "b: nothing in the file for seed 2" in told
    assert "nothing in the file" not in outside_text(compared(arms, pairing="independent"), Words("en"))


def test_seeds_that_nobody_shares_cannot_decide():
    arms = [ArmScores("a", {0: 0.7, 1: 0.71}, {}), ArmScores("b", {8: 0.8, 9: 0.81}, {})]

    assert "they share no scored seed" in re.sub(r"\s+", " ", outside_text(compared(arms), Words("en")))
    assert compared(arms, pairing="independent").contrasts[0].verdict is Verdict.BETTER


def test_correctness_by_image_gives_new_images_and_pairs_of_networks():
    scores, correct = with_images({"a": 0.7, "b": 0.8})
    outside = compared(scores, correct=correct)
    told = re.sub(r"\s+", " ", outside_text(outside, Words("en")))
    found = outside_dict(outside, Words("en"))["contrasts"][0]

    assert "On new images" in told
    assert "says nothing about the recipes" in told
    assert found["images"]["images"] == 300
    assert found["images"]["new_low"] <= found["adjusted_low"] + 1e-9
    for seed in range(3):
        one, two = correct["b"][seed], correct["a"][seed]
        only = int((one & ~two).sum()), int((two & ~one).sum())
        model = found["these_two_networks"][str(seed)]
        assert (model["first_only"], model["second_only"]) == only
        assert model["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue, rel=1e-9)
        assert f"seed {seed}, {only[0]} : {only[1]}" in told


def test_without_correctness_nothing_is_said_of_new_images():
    outside = compared({"a": [0.7, 0.71], "b": [0.8, 0.83]})

    told = outside_text(outside, Words("en"))
    assert "images" not in told
    assert outside_dict(outside, Words("en"))["contrasts"][0]["images"] is None


def test_correctness_of_some_trials_only_says_so():
    scores, correct = with_images({"a": 0.7, "b": 0.8})
    del correct["b"][1]
    told = outside_text(compared(scores, correct=correct), Words("en"))

    assert "On new images" not in re.sub(r"\s+", " ", told)
    assert "seed 1, " not in told


@pytest.mark.parametrize("language", languages())
def test_the_text_fits_a_terminal_and_holds_no_banned_word(language):
    scores, correct = with_images({"a": 0.7, "b": 0.8, "an arm with a name longer than most": 0.71})
    told = outside_text(compared(scores, correct=correct, metric="f1"), Words(language))

    assert max(map(len, told.splitlines())) <= 80
    assert "f1" in told
    for banned in ("significant", "no effect", "state of the art", "proves"):
        assert banned not in told


def test_as_plain_values():
    found = json.loads(json.dumps(outside_dict(compared({"a": [0.7, 0.71], "b": [0.8, 0.83]}), Words("en"))))

    assert found["arms"]["b"] == {"0": 0.8, "1": 0.83}
    assert found["baseline"] == "a"
    assert found["contrasts"][0]["differences"] == {"0": pytest.approx(0.1), "1": pytest.approx(0.12)}
    assert found["contrasts"][0]["sentence"].startswith("b ")


fractions = st.floats(0, 1, allow_nan=False).map(lambda number: round(number, 4))
ended = st.one_of(fractions, st.sampled_from(["diverged", "failed", "stopped"]))
trials = st.dictionaries(st.integers(0, 4), ended, min_size=1, max_size=5)


@settings(max_examples=30)
@given(st.lists(trials, min_size=2, max_size=4), st.sampled_from(["paired", "independent"]))
def test_any_outcome_can_be_told(arms, pairing):
    made = [
        ArmScores(
            f"arm {place}",
            {seed: score for seed, score in own.items() if not isinstance(score, str)},
            {seed: score for seed, score in own.items() if isinstance(score, str)},
        )
        for place, own in enumerate(arms)
    ]
    told = outside_text(compared(made, pairing=pairing), Words("en"))

    assert all(arm.name in told for arm in made)
    assert not np.isin(["nan", "None"], told.split()).any()
