"""The spread of seeds: pooled as in an analysis of variance, known as well as its degrees of freedom say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.outlook import Spread, pooled_spread

scores = st.integers(0, 1000).map(lambda n: n / 1000)
arms = st.lists(st.lists(scores, min_size=0, max_size=6), min_size=1, max_size=5)


def test_three_seeds_pin_an_sd_only_within_half_and_six_times():
    low, high = Spread(0.01, 2, 3, 1).factors()

    assert low == pytest.approx(0.5207, abs=5e-5)
    assert high == pytest.approx(6.285, abs=5e-4)


@given(st.integers(1, 200), st.sampled_from([0.05, 0.2]))
def test_the_interval_is_that_of_the_chi_square_distribution(freedom, alpha):
    low, high = Spread(1.0, freedom, freedom + 1, 1).factors(alpha)

    assert stats.chi2.sf(freedom / low**2, freedom) == pytest.approx(alpha / 2)
    assert stats.chi2.cdf(freedom / high**2, freedom) == pytest.approx(alpha / 2)
    assert low < 1 < high


@given(arms)
def test_pooling_is_the_residual_of_a_one_way_analysis_of_variance(given_arms):
    used = [arm for arm in given_arms if len(arm) > 1]
    found = pooled_spread(given_arms)
    if all(max(arm) == min(arm) for arm in used):
        assert found is None
        return
    residual = np.concatenate([np.array(arm) - np.mean(arm) for arm in used])

    assert found.freedom == len(residual) - len(used)
    assert (found.trials, found.arms) == (len(residual), len(used))
    assert found.sd == pytest.approx(math.sqrt(np.sum(residual**2) / found.freedom))


def test_one_arm_is_its_own_sd():
    assert pooled_spread([[0.70, 0.72, 0.77]]).sd == pytest.approx(stats.tstd([0.70, 0.72, 0.77]))


@pytest.mark.parametrize("unknown", [[], [[]], [[0.7], [0.8]], [[0.7, 0.7], [0.8, 0.8, 0.8]]])
def test_no_spread_is_known_from_single_or_equal_scores(unknown):
    assert pooled_spread(unknown) is None


def test_the_interval_holds_the_true_sd_as_often_as_it_says():
    drawn = np.random.default_rng(4).normal(0, 1, size=(2000, 2, 3)).tolist()
    held = 0
    for study in drawn:
        spread = pooled_spread(study)
        low, high = spread.factors()
        held += low * spread.sd <= 1 <= high * spread.sd

    assert held / 2000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 2000))
