"""Verdicts: each word where it belongs, and never a word that its interval contradicts."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts
from ceteris.stats.power import seeds_needed

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def arm(name, scores, lost=None, missing=()):
    return ArmScores(name, dict(enumerate(scores)), lost or {}, tuple(missing))


def one(ours, theirs, margin=0.005, alpha=0.05, pairing="paired"):
    return contrasts([arm("relu", theirs), arm("gelu", ours)], {}, margin, alpha, pairing)[0]


correct = st.integers(0, 1000).map(lambda count: count / 1000)


@st.composite
def studies(draw, smallest=1):
    n, k = draw(st.integers(smallest, 6)), draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(correct, min_size=n, max_size=n), min_size=k + 1, max_size=k + 1))
    return [arm(f"arm{i}", row) for i, row in enumerate(rows)]


def test_the_sleep_data_in_full():
    found = one(DRUG_1, DRUG_2, margin=3.0)

    assert found.difference == pytest.approx(-1.58)
    assert found.seeds == tuple(range(10))
    assert found.interval == pytest.approx((-2.45989, -0.70011), abs=5e-6)
    assert found.adjusted_interval == found.interval
    assert (found.p, found.p_adjusted) == pytest.approx((0.002833, 0.002833), abs=5e-7)
    assert found.p_equivalent == pytest.approx(0.002656, abs=5e-7)
    assert found.p_sign_flip == 4 / 1024
    assert found.correlation == pytest.approx(0.795170, abs=1e-6)
    assert found.verdict is Verdict.WORSE
    assert found.within_margin
    assert not found.by_margin


def test_the_sleep_data_by_welch():
    found = one([hours / 100 for hours in DRUG_1], [hours / 100 for hours in DRUG_2], pairing="independent")

    assert found.p == pytest.approx(0.079394, abs=5e-7)
    assert found.verdict is Verdict.UNDECIDED
    assert (found.differences, found.p_sign_flip, found.correlation) == ((), None, None)


def test_better_by_the_margin():
    found = one([0.81, 0.822, 0.829], [0.71, 0.72, 0.73])

    assert found.verdict is Verdict.BETTER
    assert found.by_margin
    assert not found.within_margin
    assert found.seeds_to_decide is None


def test_better_but_not_by_the_margin():
    found = one([0.714, 0.7241, 0.7339], [0.71, 0.72, 0.73], margin=0.005)

    assert found.verdict is Verdict.BETTER
    assert not found.by_margin
    assert found.within_margin


def test_practically_the_same():
    found = one([0.7101, 0.7199, 0.7301, 0.7399], [0.71, 0.72, 0.73, 0.74], margin=0.005)

    assert found.verdict is Verdict.SAME
    assert found.within_margin


def test_undecided_says_how_many_seeds_would_decide():
    found = one([0.72, 0.71, 0.75], [0.71, 0.72, 0.73], margin=0.0001)
    spread = float(np.std(found.differences, ddof=1)) / math.sqrt(2)

    assert found.verdict is Verdict.UNDECIDED
    assert found.seeds_to_decide == seeds_needed(found.difference, spread, 0.05)
    assert found.seeds_to_decide > 3


def test_equal_arms_are_decided_sooner_by_the_margin():
    narrow = one([0.711, 0.719, 0.73], [0.71, 0.72, 0.73], margin=0.00005)
    wide = one([0.711, 0.719, 0.73], [0.71, 0.72, 0.73], margin=0.0015)

    assert narrow.seeds_to_decide is None
    assert 3 < wide.seeds_to_decide < 20


def test_one_seed_is_undecided_while_the_rest_has_not_been_run():
    found = contrasts(
        [arm("relu", [0.7, 0.7, 0.71]), arm("gelu", [0.8], missing=(1, 2))], {"gelu": True}, 0.005, 0.05, "paired"
    )[0]

    assert found.verdict is Verdict.UNDECIDED
    assert found.seeds_to_decide is None
    assert found.difference == pytest.approx(0.1)
    assert (found.interval, found.adjusted_interval, found.p, found.p_adjusted, found.p_sign_flip) == (None,) * 5
    assert found.reason == "1 of the 2 or more seeds that an interval needs; gelu: 2 not finished"
    assert found.confounded


def test_nothing_yet_cannot_decide():
    found = contrasts([arm("relu", [], missing=(0,)), arm("gelu", [0.8])], {}, 0.005, 0.05, "independent")[0]

    assert found.verdict is Verdict.CANNOT_DECIDE
    assert found.difference is None
    assert found.seeds == (0,)


@pytest.mark.parametrize("pairing", ["paired", "independent"])
@pytest.mark.parametrize(
    ("relu", "gelu", "verdict"),
    [
        (arm("relu", [0.7, 0.8]), arm("gelu", [], missing=(0, 1)), Verdict.UNDECIDED),
        (arm("relu", [], missing=(0, 1)), arm("gelu", [], missing=(0, 1)), Verdict.UNDECIDED),
        (arm("relu", [0.7, 0.8]), ArmScores("gelu", {0: 0.8}, {1: "stopped"}), Verdict.CANNOT_DECIDE),
        (arm("relu", [0.7]), arm("gelu", [], missing=(0,)), Verdict.CANNOT_DECIDE),
    ],
    ids=["arm not run", "nothing run", "stopped", "one seed"],
)
def test_a_design_is_not_blamed_for_trials_that_were_not_run(relu, gelu, verdict, pairing):
    found = contrasts([relu, gelu], {}, 0.005, 0.05, pairing)[0]
    assert found.verdict is verdict
    assert found.reason


def test_a_spread_that_one_more_trial_may_show_is_waited_for():
    ours, theirs = [0.8, 0.7, 0.7], [0.7, 0.6, 0.6]
    waiting = contrasts([arm("relu", theirs, missing=(3,)), arm("gelu", ours, missing=(3,))], {}, 0.005, 0.05)[0]
    assert waiting.verdict is Verdict.UNDECIDED
    assert contrasts([arm("relu", theirs), arm("gelu", ours)], {}, 0.005, 0.05)[0].verdict is Verdict.CANNOT_DECIDE


def test_missing_trials_only_reduce_n():
    found = contrasts(
        [arm("relu", [0.71, 0.72, 0.73, 0.74]), arm("gelu", [0.81, 0.822, 0.829], missing=(3,))], {}, 0.005, 0.05
    )[0]

    assert found.seeds == (0, 1, 2)
    assert found.verdict is Verdict.BETTER
    assert found.reason == ""


def test_the_same_gain_in_every_seed_is_no_proof():
    """Two or three images more each time, on a small test set: no spread was measured, so p = 0 would be a lie."""
    found = one([0.75, 0.85, 0.55], [0.70, 0.80, 0.50])

    assert found.verdict is Verdict.CANNOT_DECIDE
    assert (found.interval, found.p, found.seeds_to_decide) == (None, None, None)
    assert found.reason.startswith("the same in all 3 seeds")


def test_the_same_scores_in_every_seed_are_practically_the_same():
    found = one([0.7, 0.8], [0.7, 0.8])

    assert found.verdict is Verdict.SAME
    assert found.interval == found.adjusted_interval == (0.0, 0.0)
    assert found.p is None
    assert found.p_sign_flip == 1.0


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_independent_arms_without_spread_cannot_decide(gap):
    found = one([0.7, 0.7, 0.7], [0.7 - gap] * 3, pairing="independent")

    assert found.verdict is Verdict.CANNOT_DECIDE
    assert found.reason.startswith("the same in all 3 seeds")


def test_a_design_that_could_only_see_the_impossible_cannot_decide():
    found = one([0.9, 0.3], [0.5, 0.55])

    assert found.verdict is Verdict.CANNOT_DECIDE
    assert found.reason == "at this spread even a difference of 100 points would probably be missed"


def test_an_arm_that_diverged_is_unstable_whatever_is_left():
    found = contrasts(
        [arm("relu", [0.71, 0.72, 0.73, 0.74], missing=(4,)), arm("gelu", [0.81, 0.822, 0.829], {3: "diverged"}, (4,))],
        {}, 0.005, 0.05,
    )[0]  # fmt: skip

    assert found.verdict is Verdict.UNSTABLE
    assert found.reason == "gelu: 1 of 5 trials diverged"
    assert found.difference == pytest.approx(0.1003, abs=1e-4)
    assert found.interval is not None
    assert (found.p, found.p_adjusted, found.p_equivalent, found.by_margin) == (None, None, None, False)


def test_a_baseline_that_failed_makes_every_contrast_unstable():
    found = contrasts(
        [
            ArmScores("relu", {0: 0.7}, {1: "failed", 2: "diverged"}),
            arm("gelu", [0.7, 0.71, 0.72]),
            ArmScores("silu", {}, {0: "diverged", 1: "diverged", 2: "diverged"}),
        ],
        {},
        0.005,
        0.05,
    )

    assert [contrast.verdict for contrast in found] == [Verdict.UNSTABLE] * 2
    assert found[0].reason == "relu: 1 of 3 trials diverged, 1 of 3 trials failed"
    assert found[1].reason == f"silu: 3 of 3 trials diverged; {found[0].reason}"


def test_a_stopped_trial_is_not_an_unstable_one():
    found = contrasts(
        [arm("relu", [0.71, 0.72]), ArmScores("gelu", {0: 0.7}, {1: "stopped"})], {}, 0.005, 0.05, "paired"
    )[0]

    assert found.verdict is Verdict.CANNOT_DECIDE
    assert "gelu: 1 not finished" in found.reason


def test_what_cannot_be_tested_still_counts_in_the_family():
    ours, theirs = arm("gelu", [0.81, 0.822, 0.829]), arm("relu", [0.71, 0.72, 0.73])
    alone = contrasts([theirs, ours], {}, 0.005, 0.05)[0]
    beside = contrasts([theirs, ours, arm("silu", [0.8], missing=(1, 2))], {}, 0.005, 0.05)[0]

    assert (alone.family, beside.family) == (1, 2)
    assert beside.p_adjusted == pytest.approx(2 * alone.p_adjusted)


@given(studies(smallest=2), st.sampled_from([0.05, 0.2]), st.sampled_from(["paired", "independent"]))
def test_word_interval_and_p_never_contradict_each_other(arms, alpha, pairing):
    for found in contrasts(arms, {}, 0.01, alpha, pairing):
        assert found.family == len(arms) - 1
        if found.p is None:
            assert found.verdict in (Verdict.CANNOT_DECIDE, Verdict.SAME, Verdict.UNDECIDED)
            continue
        low, high = found.adjusted_interval
        assume(min(abs(low), abs(high)) > 1e-9)
        assert (found.verdict is Verdict.BETTER) == (low > 0)
        assert (found.verdict is Verdict.WORSE) == (high < 0)
        assert (found.verdict in (Verdict.BETTER, Verdict.WORSE)) == (found.p_adjusted <= alpha)
        if found.by_margin:
            assert low > found.margin or high < -found.margin
        if found.verdict is Verdict.SAME:
            assert found.p_equivalent <= alpha


@given(studies(smallest=2))
def test_p_values_are_scipys(arms):
    baseline, *others = (list(each.scores.values()) for each in arms)
    for found, scores in zip(contrasts(arms, {}, 0.01, 0.05), others, strict=True):
        if found.p is not None:
            theirs = stats.ttest_rel(scores, baseline)
            interval = theirs.confidence_interval(0.95)
            assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
            assert found.interval == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


@given(studies(), st.sampled_from(["paired", "independent"]))
def test_swapping_the_arms_swaps_the_signs(arms, pairing):
    first, second = arms[:2]
    there, back = (
        contrasts([first, second], {}, 0.01, 0.05, pairing)[0],
        contrasts([second, first], {}, 0.01, 0.05, pairing)[0],
    )
    swapped = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}

    assert back.verdict is swapped.get(there.verdict, there.verdict)
    assert back.difference == pytest.approx(-there.difference)
    assert (back.p is None) == (there.p is None)
    if there.p is not None:
        assert back.p == pytest.approx(there.p)
        assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))


@given(studies(), st.sampled_from([0.25, -0.125]))
def test_shifting_every_arm_changes_nothing(arms, shift):
    moved = [arm(each.name, [score + shift for score in each.scores.values()]) for each in arms]
    for here, there in zip(contrasts(arms, {}, 0.01, 0.05), contrasts(moved, {}, 0.01, 0.05), strict=True):
        assert there.difference == pytest.approx(here.difference, abs=1e-12)
        assert there.verdict is here.verdict
        assert (there.p is None) == (here.p is None)
        if here.p is not None:
            assert there.p_adjusted == pytest.approx(here.p_adjusted, rel=1e-6)
            assert there.adjusted_interval == pytest.approx(here.adjusted_interval, rel=1e-6, abs=1e-9)


@given(studies(smallest=2))
def test_the_order_of_arms_and_seeds_does_not_matter(arms):
    baseline, *others = arms
    turned = [ArmScores(each.name, dict(reversed(each.scores.items())), {}) for each in [baseline, *reversed(others)]]

    assert list(reversed(contrasts(turned, {}, 0.01, 0.05))) == contrasts(arms, {}, 0.01, 0.05)


def test_two_seeds_have_no_correlation_to_speak_of():
    assert one([0.72, 0.75], [0.71, 0.73]).correlation is None
    assert one([0.72, 0.75, 0.79], [0.71, 0.71, 0.71]).correlation is None


def test_three_seeds_and_three_null_arms_give_false_wins_at_most_alpha():
    studies_run, alpha = 1500, 0.05
    scores = np.random.default_rng(20).normal(0.7, 0.01, size=(studies_run, 4, 3))
    false = sum(
        any(
            found.verdict in (Verdict.BETTER, Verdict.WORSE)
            for found in contrasts([arm(str(i), row) for i, row in enumerate(study)], {}, 0.005, alpha)
        )
        for study in scores.tolist()
    )

    assert false / studies_run <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / studies_run)
    assert false / studies_run >= alpha / 3
