"""Power against the printed seed counts, Cohen's example and statsmodels' noncentral t."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.power import (
    detectable_effect,
    planning_sd,
    power_to_detect,
    power_to_equate,
    seeds_needed,
    seeds_to_equate,
)


def test_half_an_sd_needs_33_367_pairs():
    one_arm = 1 / math.sqrt(2)

    assert power_to_detect(33.367, 0.5, one_arm, 0.05) == pytest.approx(0.8, abs=2e-6)
    assert seeds_needed(0.5, one_arm, 0.05) == 34


@pytest.mark.parametrize(("effect", "seeds"), [(0.1, 38), (0.2, 11), (0.3, 7), (0.5, 4)])
def test_seeds_for_an_sd_of_15_hundredths_of_a_point(effect, seeds):
    assert seeds_needed(effect, 0.15, 0.05) == seeds


@pytest.mark.parametrize("pairing", ["paired", "independent"])
@given(n=st.integers(2, 40), alpha=st.sampled_from([0.05, 0.01, 0.05 / 3]), sd=st.floats(1e-4, 10))
def test_the_detectable_effect_is_detected_at_the_power_asked_for(pairing, n, alpha, sd):
    effect = detectable_effect(n, sd, alpha, pairing=pairing)

    assert power_to_detect(n, effect, sd, alpha, pairing) == pytest.approx(0.8, abs=1e-6)
    assert seeds_needed(effect * (1 + 1e-6), sd, alpha, pairing=pairing) == n


@given(n=st.integers(2, 50), effect=st.floats(0, 3), alpha=st.sampled_from([0.05, 0.01]))
def test_power_is_the_tail_of_scipys_noncentral_t(n, effect, alpha):
    paired, shift = stats.t.isf(alpha / 2, n - 1), effect * math.sqrt(n / 2)
    welch = stats.t.isf(alpha / 2, 2 * n - 2)

    assert power_to_detect(n, effect, 1.0, alpha) >= stats.nct.sf(paired, n - 1, shift) - 1e-9
    assert power_to_detect(n, 0.0, 1.0, alpha) == pytest.approx(alpha)
    if shift > 4:  # the other tail no longer counts
        assert power_to_detect(n, effect, 1.0, alpha) == pytest.approx(stats.nct.sf(paired, n - 1, shift), abs=1e-6)
        independent = power_to_detect(n, effect, 1.0, alpha, "independent")
        assert independent == pytest.approx(stats.nct.sf(welch, 2 * n - 2, shift), abs=1e-6)


def test_huge_effects_are_certain_rather_than_nan():
    assert power_to_detect(4, 100.0, 1.0, 0.05) == 1.0
    assert seeds_needed(100.0, 1.0, 0.05) == 2


def test_equivalence_power_matches_simulation():
    rng = stats.norm(0.1, math.sqrt(2)).rvs((20_000, 12), random_state=1)
    mean, error = rng.mean(axis=1), rng.std(axis=1, ddof=1) / math.sqrt(12)
    critical = stats.t.isf(0.05, 11)
    inside = ((mean + 1.5) / error > critical) & ((mean - 1.5) / error < -critical)

    assert power_to_equate(12, 0.1, 1.0, 1.5, 0.05) == pytest.approx(inside.mean(), abs=0.012)


def test_equivalence_needs_a_difference_inside_the_margin():
    assert seeds_to_equate(0.006, 0.002, 0.005, 0.05) is None
    n = seeds_to_equate(0.001, 0.002, 0.005, 0.05)
    assert power_to_equate(n, 0.001, 0.002, 0.005, 0.05) >= 0.8 > power_to_equate(n - 1, 0.001, 0.002, 0.005, 0.05)
    assert seeds_to_equate(-0.001, 0.002, 0.005, 0.05) == n


def test_no_plan_asks_for_more_than_a_thousand_seeds():
    assert seeds_needed(0.0001, 0.01, 0.05) is None
    assert seeds_needed(0.0, 0.01, 0.05) is None


def test_planning_sd_of_a_95_percent_network_on_cifar():
    assert planning_sd(0.95, 10_000) == pytest.approx(0.0015811, abs=1e-7)


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: detectable_effect(1, 0.1, 0.05),
        lambda: detectable_effect(3, 0.0, 0.05),
        lambda: seeds_needed(0.1, -1.0, 0.05),
        lambda: seeds_to_equate(0.0, 0.0, 0.1, 0.05),
        lambda: planning_sd(1.2, 100),
        lambda: planning_sd(0.5, 0),
    ],
)
def test_impossible_plans_are_refused(impossible):
    with pytest.raises(ValueError, match=r"seeds|spread|cannot be"):
        impossible()
