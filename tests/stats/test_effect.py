import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.effect import paired_effect, pairing_ratio

SLEEP = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
SCORES = st.lists(st.floats(0, 1).map(lambda x: round(x, 4)), min_size=3, max_size=8)


def test_effect_size_of_the_sleep_data():
    differences = np.subtract(*SLEEP)
    found = paired_effect(differences, 0.05)
    assert found.d == pytest.approx(-4.06213 / math.sqrt(10), abs=1e-5)
    assert found.g == pytest.approx(found.d * (1 - 3 / (4 * 9 - 1)), rel=1e-3)  # Hedges' approximation of the factor
    low, high = found.interval
    for end, chance in ((low, 0.025), (high, 0.975)):
        assert stats.nct.sf(-4.06213, 9, end * math.sqrt(10)) == pytest.approx(chance, abs=1e-4)


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=3, max_size=12))
def test_the_interval_holds_0_exactly_when_the_t_test_does_not_reject(differences):
    found = paired_effect(differences, 0.05)
    if found is None:
        assert np.ptp(differences) < 1e-12
        return
    p = stats.ttest_1samp(differences, 0).pvalue
    low, high = found.interval
    assert low < found.d < high
    if abs(p - 0.05) > 1e-6:
        assert (low <= 0 <= high) == (p > 0.05)
    assert abs(found.g) <= abs(found.d)


def test_the_correction_takes_the_bias_away():
    rng = np.random.default_rng(1)
    found = [paired_effect(rng.normal(1.0, 1.0, 5), 0.05) for _ in range(2000)]
    error = np.std([one.g for one in found]) / len(found) ** 0.5
    assert np.mean([one.g for one in found]) == pytest.approx(1.0, abs=4 * error)
    assert np.mean([one.d for one in found]) > 1.0 + 4 * error


def test_the_interval_covers():
    rng = np.random.default_rng(2)
    held = [
        low <= 0.8 <= high for low, high in (paired_effect(rng.normal(0.8, 1, 4), 0.1).interval for _ in range(800))
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=3 * (0.09 / 800) ** 0.5)


@pytest.mark.parametrize("spread", [1e-3, 1e-7, 1e-10])
def test_differences_almost_without_spread(spread):
    differences = [0.5 - spread, 0.5, 0.5 + spread, 0.5]
    sd = np.std(differences, ddof=1)
    low, high = paired_effect(differences, 0.05).interval
    assert [low, high] == pytest.approx(
        [0.5 / sd * (stats.chi2.ppf(p, 3) / 3) ** 0.5 for p in (0.025, 0.975)], rel=1e-3
    )
    swapped = paired_effect([-one for one in differences], 0.05)
    assert swapped.interval == pytest.approx((-high, -low))


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.2], [0.1, 0.1, 0.1]])
def test_too_little_for_an_effect_size(differences):
    assert paired_effect(differences, 0.05) is None


@given(SCORES, st.data())
def test_pairing_ratio_is_that_of_the_two_standard_errors(ours, data):
    theirs = data.draw(st.lists(st.floats(0, 1).map(lambda x: round(x, 4)), min_size=len(ours), max_size=len(ours)))
    found = pairing_ratio(ours, theirs)
    if found is None:
        assert np.ptp(ours) == np.ptp(theirs) == 0
        return
    paired = stats.sem(np.subtract(ours, theirs))
    unpaired = math.hypot(stats.sem(ours), stats.sem(theirs))
    assert found == pytest.approx((paired / unpaired) ** 2, abs=1e-9)


def test_pairing_ratio_of_arms_that_move_together_apart_and_alone():
    assert pairing_ratio([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]) == pytest.approx(0, abs=1e-12)
    assert pairing_ratio([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]) == pytest.approx(2)
    assert pairing_ratio([0.1, 0.2, 0.3], [0.5, 0.5, 0.5]) == pytest.approx(1)
    assert pairing_ratio([0.1, 0.2], [0.3, 0.2]) is None
    assert pairing_ratio([0.1] * 3, [0.3] * 3) is None
