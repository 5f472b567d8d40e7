"""What must not change a contrast, and what must turn it round: by hypothesis, with and without looks and pairing."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_paired

from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts
from ceteris.stats.power import power_to_detect

SWAPPED = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
few = settings(max_examples=40)
correct = st.integers(0, 1000).map(lambda count: count / 1000)
designs = st.sampled_from([{"pairing": "paired"}, {"pairing": "independent"}, {"looks": (2, 4, 6)}])


@st.composite
def studies(draw):
    """Scores of two to four arms over six seeds."""
    return draw(st.lists(st.lists(correct, min_size=6, max_size=6), min_size=2, max_size=4))


def decide(rows, margin=0.01, **design):
    arms = [ArmScores(f"arm {i}", dict(enumerate(row)), {}) for i, row in enumerate(rows)]
    return contrasts(arms, {}, margin, 0.05, **design)


def steady(found):
    """Not so near a threshold that rounding decides."""
    ps = [p for one in found for p in (one.p_adjusted, one.p_equivalent) if p is not None]
    return all(abs(p - 0.05 / k) > 1e-6 for p in ps for k in (1, 2, 3))


def numbers(one):
    ends = (*(one.interval or ()), *(one.adjusted_interval or ()))
    return [one.difference, *ends, *(p for p in (one.p, one.p_adjusted, one.p_equivalent) if p is not None)]


def assert_same(here, there, scale=1.0):
    """Equal words, counts and tests; differences and intervals in another unit."""
    for one, two in zip(here, there, strict=True):
        assert (one.verdict, one.seeds, one.by_margin) == (two.verdict, two.seeds, two.by_margin)
        first, second = numbers(one), numbers(two)
        units = 1 + len(one.interval or ()) + len(one.adjusted_interval or ())
        scaled = [value * scale for value in first[:units]] + first[units:]
        assert second == pytest.approx(scaled, rel=1e-5, abs=1e-8)


@few
@given(studies(), designs)
def test_swapping_the_arms_swaps_the_signs(rows, design):
    (there,), (back,) = decide(rows[:2], **design), decide(rows[1::-1], **design)
    assume(steady([there]))

    assert back.verdict is SWAPPED.get(there.verdict, there.verdict)
    assert back.difference == pytest.approx(-there.difference)
    assert (back.p, back.p_equivalent) == pytest.approx((there.p, there.p_equivalent))
    for name in ("interval", "adjusted_interval"):
        low, high = getattr(there, name) or (0.0, 0.0)
        turned = getattr(back, name) or (0.0, 0.0)
        assert turned == pytest.approx((-high, -low), abs=1e-9)


@few
@given(studies(), designs, st.sampled_from([0.25, -0.125, 3.0]))
def test_shifting_every_score_changes_nothing(rows, design, shift):
    here = decide(rows, **design)
    assume(steady(here))

    assert_same(here, decide([[score + shift for score in row] for row in rows], **design))


@few
@given(studies(), st.lists(st.sampled_from([0.0, 0.5, -0.25]), min_size=6, max_size=6), st.booleans())
def test_what_a_seed_adds_to_all_arms_changes_nothing_when_paired(rows, blocks, looks):
    design = {"looks": (2, 4, 6)} if looks else {}
    here = decide(rows, **design)
    assume(steady(here))

    assert_same(
        here, decide([[score + block for score, block in zip(row, blocks, strict=True)] for row in rows], **design)
    )


@few
@given(studies(), designs, st.sampled_from([2.0, 0.25]))
def test_another_unit_changes_no_word(rows, design, unit):
    here = decide(rows, **design)
    assume(steady(here) and all(one.verdict is not Verdict.CANNOT_DECIDE for one in here))
    there = decide([[score * unit for score in row] for row in rows], margin=0.01 * unit, **design)
    assume(all(one.verdict is not Verdict.CANNOT_DECIDE for one in there))

    assert_same(here, there, scale=unit)


@few
@given(studies(), st.sampled_from(["paired", "independent"]), st.permutations(range(6)))
def test_the_names_of_the_seeds_change_nothing(rows, pairing, order):
    here = decide(rows, pairing=pairing)
    assume(steady(here))

    assert_same(here, decide([[row[i] for i in order] for row in rows], pairing=pairing))


@few
@given(studies())
def test_tost_and_welch_are_those_of_statsmodels(rows):
    theirs, ours = rows[:2]
    (paired,), (welch,) = decide(rows[:2], margin=0.1), decide(rows[:2], margin=0.1, pairing="independent")
    assume(paired.p is not None and welch.p is not None)
    differences = DescrStatsW([x - y for x, y in zip(ours, theirs, strict=True)])
    compared = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs))

    assert paired.p_equivalent == pytest.approx(ttost_paired(np.array(ours), np.array(theirs), -0.1, 0.1)[0], abs=1e-9)
    assert paired.interval == pytest.approx(differences.tconfint_mean(0.05), rel=1e-6, abs=1e-9)
    assert welch.p == pytest.approx(compared.ttest_ind(usevar="unequal")[1], rel=1e-6, abs=1e-12)
    assert welch.interval == pytest.approx(compared.tconfint_diff(0.05, usevar="unequal"), rel=1e-6, abs=1e-9)


@few
@given(st.integers(2, 60), st.floats(0.05, 1.5), st.sampled_from([0.05, 0.01, 0.0207]))
def test_power_is_that_of_statsmodels(n, effect, alpha):
    paired = TTestPower().power(effect / 2**0.5, n, alpha)
    independent = TTestIndPower().power(effect, n, alpha)
    assume(math.isfinite(paired + independent))  # scipy's far tail, where the power is 1

    assert power_to_detect(n, effect, 1.0, alpha) == pytest.approx(paired, abs=1e-6)
    assert power_to_detect(n, effect, 1.0, alpha, "independent") == pytest.approx(independent, abs=1e-6)


def test_half_an_sd_is_found_with_33_367_pairs_also_by_statsmodels():
    assert TTestPower().solve_power(0.5, power=0.8, alpha=0.05) == pytest.approx(33.367, abs=5e-4)
