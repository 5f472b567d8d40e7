"""A study with registered looks, told: where arms closed, what is spared, and nothing from beyond a look."""

from dataclasses import replace

import pytest

from ceteris.report.captions import how_sure
from ceteris.report.compare import compare, compare_text
from ceteris.report.evidence import gather
from ceteris.report.looks import look_values, saving_sentence
from ceteris.report.page import contents
from ceteris.report.sentences import verdict_sentences, warnings
from ceteris.report.terminal import verdict_lines
from ceteris.report.words import Words
from ceteris.stats.contrast import Verdict

APART, ALIKE = {"plain-cnn": 0.72, "resnet14": 0.84}, {"plain-cnn": 0.72, "twin": 0.721}


@pytest.fixture(scope="module")
def looked(world):
    """Makes evidence of a study with looks after 3, 5 and 10 seeds, trained with the first `seeds` of them."""

    def make(arms, seeds, futility=False, **given):
        absent = [(arm, seed) for arm in arms for seed in range(seeds, 10)]
        made = world(arms, seeds=10, absent=absent, margin=0.0001, **given)
        study = made.plan.study.model_copy(update={"looks": (3, 5, 10), "futility": futility})
        return gather(replace(made.plan, study=study), made.records)

    return make


def test_a_decided_arm_is_closed_and_its_further_trials_are_spared_not_missing(looked):
    evidence = looked(APART, 3)
    (sentence,) = verdict_sentences(evidence, Words("en"))

    assert evidence.contrasts[0].verdict is Verdict.BETTER
    assert sentence.endswith("Closed at the look after 3 seeds.")
    assert "(adjusted 95 % interval " in sentence
    assert (len(evidence.trials), len(evidence.spared), evidence.missing) == (6, 14, [])
    assert not [said for said in warnings(evidence, Words("en")) if "Not complete" in said]


def test_what_the_looks_saved(looked):
    evidence = looked(APART, 3)
    seconds = 7 * sum(arm.average(lambda cost: cost.train_seconds) for arm in evidence.arms)
    said = saving_sentence(evidence, Words("en"))

    assert said.startswith("Looks saved 14 of the 20 trials of a fixed plan of 10 seeds, about 12 min ")
    assert look_values(evidence)["saved_seconds"] == pytest.approx(seconds)
    assert look_values(evidence)["saved_trials"] == 14
    assert said in " ".join(verdict_lines(evidence, Words("en"), width=1000))


def test_an_open_arm_names_its_next_look_and_only_that_block_is_missing(looked):
    evidence = looked(ALIKE, 3)

    assert verdict_sentences(evidence, Words("en"))[0].endswith("Still open: its next look is after 5 seeds.")
    assert [(trial.planned.arm, trial.seed) for trial in evidence.missing] == [
        (arm, seed) for arm in ALIKE for seed in (3, 4)
    ]
    assert saving_sentence(evidence, Words("en")) == ""
    assert look_values(evidence)["open"] == ["twin"]


def test_before_the_first_look_there_is_no_test(looked):
    evidence = looked(APART, 2)
    (contrast,) = evidence.contrasts

    assert (contrast.verdict, contrast.interval, contrast.p, contrast.look) == (Verdict.UNDECIDED, None, None, 0)
    assert "Its first look is after 3 seeds." in verdict_sentences(evidence, Words("en"))[0]


def test_records_beyond_the_look_change_nothing(looked):
    few, all_trained = looked(APART, 3), looked(APART, 10)

    assert all_trained.contrasts == few.contrasts
    assert [(arm.scores, arm.mean, arm.interval) for arm in all_trained.arms] == [
        (arm.scores, arm.mean, arm.interval) for arm in few.arms
    ]
    assert all_trained.spared == few.spared


def test_the_whole_plan_may_be_needed(looked):
    evidence = looked(ALIKE, 10)

    assert "Open up to the last look, after 10 seeds." in verdict_sentences(evidence, Words("en"))[0]
    assert saving_sentence(evidence, Words("en")) == (
        "Looks saved nothing here: all 20 trials of the fixed plan of 10 seeds were needed."
    )


def test_a_hopeless_arm_is_told_as_no_decision(looked):
    evidence = looked({"plain-cnn": 0.75, "worse": 0.735}, 10, futility=True)
    (contrast,) = evidence.contrasts

    assert contrast.futile
    assert contrast.verdict is Verdict.UNDECIDED
    assert contrast.seeds_to_decide is None
    assert "Stopped for futility at the look after" in verdict_sentences(evidence, Words("en"))[0]


def test_the_price_is_told(looked):
    said = " ".join(how_sure(looked(APART, 3, futility=True), [], Words("en")))

    assert "Looks after 3, 5 and 10 seeds were registered before training" in said
    assert "p below 0.0192 instead of 0.05" in said
    assert "Futility was registered too" in said


def test_compare_shows_the_seeds_of_the_look(looked):
    evidence = looked(APART, 3)
    records = {record.key: record for record in evidence.records}
    text = compare_text(evidence.plan, records, "plain-cnn", "resnet14")

    assert "Closed at the look after 3 seeds." in " ".join(text.split())
    assert compare(evidence.plan, records, "plain-cnn", "resnet14").contrast == evidence.contrasts[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_tells_looks_and_saving(looked, quick, language):
    evidence, words = looked(APART | {"twin": 0.721}, 5), Words(language)
    page = contents(evidence, words)["report.html"].decode()

    assert words("look.badge", looks=words.listed(["3", "5", "10"])) in page
    assert words("look.next", seeds=words.count("seed", 10)) in page
