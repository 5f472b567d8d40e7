import numpy as np
import pytest
from scipy import stats

from ceteris.report.evidence import gather
from ceteris.study.record import Status


def test_means_and_intervals_are_those_of_the_scored_trials(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    for arm in evidence.arms:
        scores = [two_arms.records[trial.planned.key].metrics["top1"] for trial in arm.trials]
        oracle = stats.ttest_1samp(scores, 0).confidence_interval(0.95)
        assert arm.mean == pytest.approx(np.mean(scores))
        assert arm.interval == pytest.approx((oracle.low, oracle.high))


def test_contrasts_are_paired_by_seed(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    (contrast,) = evidence.contrasts
    ours, theirs = ([arm.scores.scores[seed] for seed in contrast.seeds] for arm in evidence.arms[::-1])
    oracle = stats.ttest_rel(ours, theirs)
    assert contrast.p == pytest.approx(oracle.pvalue)
    assert contrast.difference == pytest.approx(np.mean(ours) - np.mean(theirs))


def test_every_outcome_is_counted_and_only_scored_ones_enter_the_mean(troubled):
    evidence = gather(troubled.plan, troubled.records)
    none = evidence.arm("none")
    assert none.statuses() == {"did not learn": 2, "failed": 1}
    assert set(none.scores.scores) == {0, 1}
    assert none.scores.lost == {2: "failed"}
    wide = evidence.arm("wide")
    assert wide.scores.lost == {1: Status.DIVERGED}
    late = evidence.arm("a network with quite a long name")
    assert late.scores.missing == (1, 2)
    assert late.interval is None


def test_environments_are_told_apart_with_their_trials(troubled):
    evidence = gather(troubled.plan, troubled.records)
    threads = {environment["threads"]: {t.planned.arm for t in trials} for environment, trials in evidence.environments}
    assert threads[2] == {"wide"}
    crossing = {contrast.arm: evidence.crosses_environments(contrast) for contrast in evidence.contrasts}
    assert crossing["wide"]
    assert not crossing["resnet14"]


def test_anchors_are_unique(troubled):
    evidence = gather(troubled.plan, troubled.records)
    anchors = [trial.anchor for trial in evidence.trials]
    assert len(set(anchors)) == len(anchors) == 15
