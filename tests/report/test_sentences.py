from dataclasses import replace

import pytest

from ceteris.report.evidence import gather
from ceteris.report.sentences import modified_sentence, verdict_sentence, verdict_sentences, warnings
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast, Verdict
from ceteris.study.record import Status


@pytest.fixture
def evidence(two_arms):
    return gather(two_arms.plan, two_arms.records)


def contrast(**changes):
    fields = {
        "arm": "resnet14", "baseline": "plain-cnn", "seeds": (0, 1, 2), "differences": (0.08, 0.085, 0.0873),
        "difference": 0.0841, "interval": (0.0712, 0.097), "adjusted_interval": (0.0712, 0.097), "p": 0.001,
        "p_adjusted": 0.001, "p_equivalent": 1.0, "p_sign_flip": 0.25, "correlation": 0.5, "verdict": Verdict.BETTER,
        "by_margin": False, "confounded": False, "seeds_to_decide": None, "family": 1, "margin": 0.005, "alpha": 0.05,
    }  # fmt: skip
    return Contrast(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "resnet14 is better than plain-cnn by 8.41 pp top-1 (95 % interval 7.12 to 9.70, 3 seeds)."),
        (
            {"by_margin": True},
            "resnet14 is better than plain-cnn by 8.41 pp top-1 (95 % interval 7.12 to 9.70, 3 seeds), "
            "and by at least the margin of 0.50 pp.",
        ),
        (
            {"verdict": Verdict.WORSE, "difference": -0.012, "adjusted_interval": (-0.019, -0.005), "family": 2},
            "resnet14 is worse than plain-cnn by 1.20 pp top-1 (adjusted 95 % interval 0.50 to 1.90, 3 seeds).",
        ),
        (
            {"verdict": Verdict.SAME, "difference": 0.0005, "adjusted_interval": (-0.001, 0.002)},
            "resnet14 is practically the same as plain-cnn, within 0.50 pp top-1: difference +0.05 pp "
            "(95 % interval −0.10 to +0.20, 3 seeds).",
        ),
        (
            {"verdict": Verdict.SAME, "difference": 0.002, "adjusted_interval": (-0.0015, 0.0055)},
            "resnet14 is practically the same as plain-cnn, within 0.50 pp top-1: difference +0.20 pp "
            "(95 % interval −0.15 to +0.55, 3 seeds). The interval reaches past the margin: it is stricter than the "
            "two one-sided tests that decide this.",
        ),
        (
            {
                "verdict": Verdict.UNDECIDED,
                "difference": 0.004,
                "adjusted_interval": (-0.006, 0.014),
                "seeds_to_decide": 12,
            },
            "resnet14 against plain-cnn is undecided: difference +0.40 pp top-1 "
            "(95 % interval −0.60 to +1.40, 3 seeds). "
            "About 12 seeds with this spread would decide it.",
        ),
        (
            {"confounded": True, "within_margin": True, "difference": 0.004, "adjusted_interval": (0.001, 0.0049)},
            "resnet14 is better than plain-cnn by 0.40 pp top-1 (95 % interval 0.10 to 0.49, 3 seeds). "
            "The difference is real, but within the margin of 0.50 pp: practically the same. "
            "Confounded: more differs between the two than the factor named; the cause of a difference is not known.",
        ),
    ],
)
def test_each_verdict_has_its_sentence(evidence, changes, said):
    assert verdict_sentence(evidence, contrast(**changes), Words("en")) == said


def test_chinese_sentence(evidence):
    said = verdict_sentence(evidence, contrast(), Words("zh"))
    assert said == "resnet14 优于 plain-cnn，top-1 准确率高 8.41 pp（95 % 区间 7.12 至 9.70，3 个种子）。"


def test_one_seed_cannot_decide_and_says_so_in_the_singular(world):
    made = world({"a": 0.7, "b": 0.8}, seeds=1)
    (said,) = verdict_sentences(gather(made.plan, made.records), Words("en"))
    assert said.startswith("b against a cannot be decided by this design: one seed shows no spread")
    assert said.endswith("(no interval, 1 seed).")


def test_nothing_run_gives_one_line_and_no_verdict(world):
    made = world({"a": 0.7, "b": 0.8})
    assert verdict_sentences(gather(made.plan, {}), Words("en")) == [Words("en")("nothing_yet")]


def test_diverged_arms_are_unstable_with_their_counts(world):
    made = world({"a": 0.7, "b": 0.8}, ended={("b", 1): Status.DIVERGED})
    (said,) = verdict_sentences(gather(made.plan, made.records), Words("en"))
    assert said.startswith("b against a is unstable: 1 of 3 trials of b diverged. Difference seen: +")


def test_all_that_went_wrong_is_warned_of(troubled):
    evidence = gather(troubled.plan, troubled.records)
    said = "\n".join(warnings(evidence, Words("en")))
    for wanted in (
        "Not complete: 2 of 15 trials left to run (a network with quite a long name: seeds 1, 2).",
        "in more than the factor named: 2 settings (model, loss.smoothing).",
        "wide: 1 of 3 trials diverged (seed 1).",
        "none: 1 of 3 trials failed (seed 2).",
        "none: 2 of 3 trials did not learn (seeds 0, 1)",
        "wide and plain-cnn ran in different environments (threads 1 / 2)",
        "ran beside other trials",
        "Scale laptop, not full",
    ):
        assert wanted in said
    assert "modified copy" in modified_sentence(evidence, Words("en"))


def test_a_quiet_complete_full_study_has_no_warning(world):
    made = world({"a": 0.7}, scale="full")
    evidence = gather(made.plan, made.records)
    assert warnings(evidence, Words("en")) == []
    assert modified_sentence(evidence, Words("en")) == ""


def test_what_was_seen_in_pixels_only_is_said_with_what_was_planned(two_arms):
    records = {
        key: replace(record, data=replace(record.data, notes=("leakage: seen in pixels",)))
        for key, record in two_arms.records.items()
    }
    said = warnings(gather(two_arms.plan, records), Words("en"))
    assert said.count("leakage: seen in pixels") == 1
