"""Dunnett's test against his printed table, scipy and a simulation of what breaks it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.dunnett import dunnett, pooled_differences
from ceteris.stats.intervals import Estimate

TABLE_20 = {1: 2.09, 2: 2.38, 3: 2.54, 4: 2.65, 5: 2.73, 6: 2.80}
"""Dunnett (1964), two-sided 5 %, 20 degrees of freedom: arms beside the baseline -> critical value."""


@pytest.mark.parametrize(("arms", "critical"), TABLE_20.items())
def test_critical_values_of_dunnetts_table(arms, critical):
    steps = dunnett([Estimate(1.0, 1.0, 20, 4)] * arms, [4] * (arms + 1), 0.05)

    assert stats.t.isf(steps[0].level / 2, 20) == pytest.approx(critical, abs=0.005)


scores = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=2, max_size=6)


# scipy warns of every arm whose scores are all equal; such arms belong here.
@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")
@settings(max_examples=15)
@given(st.lists(scores, min_size=2, max_size=5).filter(lambda arms: any(len(set(arm)) > 1 for arm in arms)))
def test_agrees_with_scipy(arms):
    estimates = pooled_differences(arms)
    steps = dunnett(estimates, [len(arm) for arm in arms], 0.05)
    theirs = stats.dunnett(*arms[1:], control=arms[0], rng=np.random.default_rng(0))

    assert [e.value / e.error for e in estimates] == pytest.approx(list(theirs.statistic))
    assert [step.p_adjusted for step in steps] == pytest.approx(list(theirs.pvalue), abs=2e-3)


def test_with_one_arm_it_is_the_t_test_of_equal_variances():
    ours, theirs = [0.71, 0.74, 0.72, 0.78], [0.70, 0.69, 0.73]
    (estimate,) = pooled_differences([theirs, ours])
    (step,) = dunnett([estimate], [3, 4], 0.05)
    oracle = stats.ttest_ind(ours, theirs)

    assert estimate.p() == pytest.approx(oracle.pvalue)
    assert step.p_adjusted == pytest.approx(oracle.pvalue)
    assert step.level == pytest.approx(0.05)


@given(st.lists(scores, min_size=2, max_size=4).filter(lambda arms: any(len(set(arm)) > 1 for arm in arms)))
@settings(max_examples=25)
def test_the_level_rejects_exactly_what_the_adjusted_p_does(arms):
    estimates = pooled_differences(arms)
    for estimate, step in zip(estimates, dunnett(estimates, [len(arm) for arm in arms], 0.05), strict=True):
        if step.p_adjusted != pytest.approx(0.05, abs=1e-6):
            low, high = estimate.interval(step.level)
            assert (low > 0 or high < 0) == step.rejected
        assert estimate.p() <= step.p_adjusted + 1e-9
        assert step.p_adjusted <= len(estimates) * estimate.p() + 1e-9


def test_what_cannot_be_tested_still_counts():
    both = [[0.70, 0.72, 0.71], [0.75, 0.74, 0.76]]
    (alone,) = dunnett(pooled_differences(both), [3, 3], 0.05)
    beside, untested = dunnett(pooled_differences([*both, []]), [3, 3, 0], 0.05)

    assert beside.p_adjusted > alone.p_adjusted
    assert (untested.p_adjusted, untested.rejected) == (None, False)


@pytest.mark.parametrize("arms", [[[0.7], [0.8]], [[0.7, 0.7], [0.8, 0.8]], [[], [0.8, 0.9]]])
def test_without_a_measured_spread_nothing_is_tested(arms):
    assert pooled_differences(arms) == [None]
    assert [step.p_adjusted for step in dunnett([None], [len(arm) for arm in arms], 0.05)] == [None]


def share_of_false_alarms(sd, studies=4000):
    """Among null studies of five arms and a baseline, five seeds each, the last arm with that sd."""
    critical = stats.t.isf(dunnett([Estimate(0.0, 1.0, 24, 5)] * 5, [5] * 6, 0.05)[0].level / 2, 24)
    draws = np.random.default_rng(11).normal(size=(studies, 6, 5))
    draws[:, -1] *= sd
    gaps = [pooled_differences(study) for study in draws.tolist()]
    return np.mean([any(abs(gap.value) > critical * gap.error for gap in study) for study in gaps])


def test_equal_spreads_keep_the_family_error_and_one_of_four_times_does_not():
    """Why it needs a declaration: with one arm of four times the sd the family error is 12 to 13 %."""
    assert share_of_false_alarms(1.0) == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 4000))
    assert share_of_false_alarms(4.0) == pytest.approx(0.125, abs=0.02)
