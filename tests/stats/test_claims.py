"""Claims: decided by the tests they name, and never by a word that the numbers contradict."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.claims import Measured, Outcome, decide_claims, together
from ceteris.stats.contrast import ArmScores
from ceteris.stats.looks import overall_p
from ceteris.study.claims import Expectation

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def side(values, lost=None, missing=()):
    return ArmScores("arm", dict(enumerate(values)), lost or {}, tuple(missing))


def measured(expect, ours, theirs=(), by=None, measure="top1", margin=0.005, **options):
    expected = Expectation(measure=measure, arm="a", than="b" if theirs else None, expect=expect, by=by)
    return Measured(expected, side(ours, **options), side(theirs), by if by is not None else margin)


def one(*given, pairing="paired", alpha=0.05, **options):
    return decide_claims([measured(*given, **options)], alpha, pairing)[0]


def test_the_sleep_data_by_the_paired_t():
    found = one("higher", DRUG_2, DRUG_1)

    assert found.outcome is Outcome.SUPPORTED
    assert found.difference == pytest.approx(1.58)
    assert (found.ours, found.theirs) == pytest.approx((2.33, 0.75))
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.interval == pytest.approx((0.70011, 2.45989), abs=5e-6)
    assert (found.confidence, found.family, found.seeds) == (0.95, 1, tuple(range(10)))
    assert one("lower", DRUG_2, DRUG_1).outcome is Outcome.REFUTED


def test_the_sleep_data_by_welch_is_undecided():
    found = one("higher", DRUG_2, DRUG_1, pairing="independent")

    assert found.p == pytest.approx(0.079394, abs=5e-7)
    assert found.outcome is Outcome.UNDECIDED


def test_a_declared_difference_is_what_is_tested():
    """0.70011 is the lower end of the 95 % interval, so a difference by 0.7 is shown and one by 0.71 is not."""
    assert one("higher", DRUG_2, DRUG_1, by=0.7).outcome is Outcome.SUPPORTED
    assert one("higher", DRUG_2, DRUG_1, by=0.71).outcome is Outcome.UNDECIDED
    assert one("higher", DRUG_2, DRUG_1, by=2.45).outcome is Outcome.UNDECIDED
    assert one("higher", DRUG_2, DRUG_1, by=2.46).outcome is Outcome.REFUTED
    assert one("lower", DRUG_1, DRUG_2, by=0.7).outcome is Outcome.SUPPORTED


def test_the_same_within_three_hours_by_tost():
    found = one("same", DRUG_2, DRUG_1, by=3.0)

    assert found.outcome is Outcome.SUPPORTED
    assert found.p == pytest.approx(0.002656, abs=5e-7)
    assert found.confidence == pytest.approx(0.9)
    assert found.interval == pytest.approx(stats.ttest_rel(DRUG_2, DRUG_1).confidence_interval(0.9), abs=1e-9)


def test_not_the_same_when_the_difference_lies_beyond_the_margin():
    assert one("same", DRUG_2, DRUG_1, by=0.7).outcome is Outcome.REFUTED
    assert one("same", DRUG_2, DRUG_1, by=0.71).outcome is Outcome.UNDECIDED


def test_at_most_a_share_of_the_other():
    ours, theirs = [10.0, 11.0, 12.5, 10.5], [30.0, 31.0, 34.0, 29.0]
    oracle = stats.ttest_rel(ours, [y / 2 for y in theirs])
    found = one("at-most", ours, theirs, by=0.5, measure="train_seconds")

    assert found.p == pytest.approx(oracle.pvalue)
    assert found.difference == pytest.approx(11.0 - 15.5)
    assert found.outcome is Outcome.SUPPORTED
    assert one("at-most", ours, theirs, by=0.25, measure="train_seconds").outcome is Outcome.REFUTED


def test_facts_need_no_test_and_do_not_count_in_the_family():
    halved = measured("at-most", [5_710_000.0], [11_173_962.0], by=0.52, measure="parameters")
    kept = measured("higher", DRUG_2, DRUG_1)
    fact, tested = decide_claims([halved, kept], 0.05)

    assert (fact.outcome, fact.p, fact.interval) == (Outcome.SUPPORTED, None, None)
    assert tested.family == 1
    assert one("at-most", [5.71], [11.17], by=0.51, measure="macs").outcome is Outcome.REFUTED
    assert one("lower", [5.0], [5.0], measure="macs").outcome is Outcome.REFUTED


def test_holm_over_all_claims_that_are_tests():
    """p = .0028 is rejected at .05 / 2, p = .049703 (Darwin's maize) then at .05; with three it no longer is."""
    crossed = [188, 96, 168, 176, 153, 172, 177, 163, 146, 173, 186, 168, 177, 184, 96]
    selfed = [139, 163, 160, 160, 147, 149, 149, 122, 132, 144, 130, 144, 102, 124, 144]
    maize, sleep = measured("higher", crossed, selfed, measure="nll"), measured("higher", DRUG_2, DRUG_1)
    unknown = measured("higher", [], DRUG_1)

    assert [d.outcome for d in decide_claims([maize, sleep], 0.05)] == [Outcome.SUPPORTED] * 2
    first, second, third = decide_claims([maize, sleep, unknown], 0.05)
    assert first.p == pytest.approx(0.049703, abs=5e-7)
    assert first.p_adjusted == pytest.approx(2 * first.p)
    assert [first.outcome, second.outcome, third.outcome] == ["undecided", "supported", "not measured"]


@pytest.mark.parametrize(
    ("ours", "lost", "missing", "outcome", "reason"),
    [
        ([1, 1, 1], {}, (), Outcome.SUPPORTED, ""),
        ([1, 1, 0], {}, (), Outcome.REFUTED, ""),
        ([1, 1], {}, (2,), Outcome.UNDECIDED, "incomplete"),
        ([1, 0], {}, (2,), Outcome.REFUTED, ""),
        ([1, 1], {2: "failed"}, (), Outcome.UNDECIDED, "lost"),
        ([], {0: "failed"}, (), Outcome.UNDECIDED, "lost"),
        ([], {}, (0, 1, 2), Outcome.NOT_MEASURED, ""),
    ],
)
def test_not_learning_takes_every_planned_trial(ours, lost, missing, outcome, reason):
    found = one("did-not-learn", ours, measure="status", lost=lost, missing=missing)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_what_cannot_be_tested_is_undecided_and_says_why():
    assert one("higher", [0.8], [0.7]).reason == "one_seed"
    assert one("higher", [0.8, 0.8], [0.7, 0.7]).reason == "no_spread"
    assert one("higher", [0.8, 0.9], [0.7, 0.72, 0.73], lost={2: "diverged"}).reason == "lost"
    assert one("higher", [], [0.7], lost={0: "diverged"}).outcome is Outcome.UNDECIDED
    assert one("higher", [], [0.7]).outcome is Outcome.NOT_MEASURED
    assert one("same", [0.7, 0.8], [0.7, 0.8]).outcome is Outcome.SUPPORTED


def test_a_claim_stands_when_all_of_it_does():
    supported, refuted, undecided, unknown = Outcome
    assert together([supported, supported]) is supported
    assert together([unknown, refuted, supported]) is refuted
    assert together([supported, undecided]) is undecided
    assert together([undecided, unknown]) is unknown


scores = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=2, max_size=6)
directions = st.sampled_from(["higher", "lower"])
pairings = st.sampled_from(["paired", "independent"])


@st.composite
def pairs(draw):
    ours = draw(scores)
    return ours, draw(st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=len(ours), max_size=len(ours)))


@given(pairs(), directions, pairings)
def test_swapping_the_arms_and_the_direction_changes_no_outcome(values, expect, pairing):
    ours, theirs = values
    found = one(expect, ours, theirs, pairing=pairing)
    swapped = one("lower" if expect == "higher" else "higher", theirs, ours, pairing=pairing)
    assert (found.outcome, found.reason) == (swapped.outcome, swapped.reason)
    assert found.p == pytest.approx(swapped.p)


@given(pairs(), directions, pairings)
def test_opposite_claims_are_never_both_supported(values, expect, pairing):
    outcomes = {one(each, *values, pairing=pairing).outcome for each in ("higher", "lower")}
    assert outcomes in ({Outcome.SUPPORTED, Outcome.REFUTED}, {Outcome.UNDECIDED})


@given(pairs(), st.sampled_from(["higher", "lower", "same"]), st.sampled_from([2.0, 1024.0, 1 / 8]), pairings)
def test_a_change_of_unit_changes_no_outcome(values, expect, unit, pairing):
    ours, theirs = values
    small = one(expect, ours, theirs, by=0.25, measure="nll", pairing=pairing)
    large = one(
        expect, [unit * x for x in ours], [unit * x for x in theirs], by=0.25 * unit, measure="nll", pairing=pairing
    )
    assert small.outcome is large.outcome
    assert small.p == pytest.approx(large.p)


@given(pairs(), st.sampled_from(["higher", "lower", "same"]), pairings, st.floats(0.01, 0.5))
def test_the_interval_agrees_with_the_outcome(values, expect, pairing, by):
    found = one(expect, *values, by=by, measure="nll", pairing=pairing)
    assume(found.interval is not None)
    low, high = found.interval
    region = {"higher": (by, math.inf), "lower": (-math.inf, -by), "same": (-by, by)}[expect]
    assume(min(abs(abs(end) - by) for end in found.interval) > 1e-9)
    inside = region[0] < low and high < region[1]
    outside = high < region[0] or low > region[1]
    assert found.outcome is (Outcome.SUPPORTED if inside else Outcome.REFUTED if outside else Outcome.UNDECIDED)


STUDIES = 2000


def share_of_false_words(make, false):
    """Share of simulated studies of 3 claims in which any claim is given the false word."""
    draws = np.random.default_rng(7).normal(size=(STUDIES, 3, 2, 4))
    found = [decide_claims([make(*(0.01 * arms)) for arms in study], 0.05) for study in draws]
    return np.mean([any(decision.outcome in false for decision in study) for study in found])


def test_false_claims_stay_below_the_error_rate_of_the_family():
    """Within 2 Monte Carlo errors: no difference, and a difference that is exactly the margin."""
    most = 0.05 + 2 * math.sqrt(0.05 * 0.95 / STUDIES)
    either = (Outcome.SUPPORTED, Outcome.REFUTED)
    assert share_of_false_words(lambda ours, theirs: measured("higher", ours, list(theirs)), either) <= most
    at_margin = share_of_false_words(
        lambda ours, theirs: measured("same", ours + 0.05, list(theirs), by=0.05), (Outcome.SUPPORTED,)
    )
    assert 0.01 < at_margin <= most


def test_registered_looks_are_paid_for_by_claims_too():
    claim = measured("higher", [0.51, 0.52, 0.521], [0.5, 0.5, 0.5])
    plain, looked = (decide_claims([claim], 0.05, looks=looks)[0] for looks in ((), (3, 5, 10)))

    assert looked.p == pytest.approx(overall_p(plain.p, (3, 5, 10)))
    assert plain.outcome is Outcome.SUPPORTED
    assert looked.outcome is Outcome.UNDECIDED
    assert looked.interval[0] < 0 < plain.interval[0]
