"""Rank intervals and probabilities of being best against the t-test, quadrature and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from ceteris.stats.contrast import ArmScores
from ceteris.stats.ranking import DRAWS, mean_draws, rank_intervals, ranks

TWO_DIGITS = 0.01


def arms(*rows, lost=()):
    """Arms a, b, ... with one score per seed; those in `lost` have a trial that diverged."""
    return [
        ArmScores(name, dict(enumerate(row)), {99: "diverged"} if name in lost else {})
        for name, row in zip("abcdefgh", rows, strict=False)
    ]


def best(*rows, pairing="paired", **options):
    return {rank.arm: rank.best for rank in ranks(arms(*rows, **options), 0.05, pairing)}


@pytest.mark.parametrize("n", [2, 3, 10])
def test_of_two_arms_it_is_one_minus_the_one_sided_p_of_the_paired_t_test(n):
    random = np.random.default_rng(n)
    ours, theirs = random.normal(0.8, 0.02, n), random.normal(0.79, 0.05, n)
    expected = 1 - stats.ttest_rel(ours, theirs, alternative="greater").pvalue

    assert best(ours, theirs)["a"] == pytest.approx(expected, abs=TWO_DIGITS)


def test_of_two_independent_arms_it_is_the_integral_over_two_t_distributions():
    ours, theirs = [0.80, 0.82, 0.83, 0.81], [0.78, 0.84, 0.79]
    first, second = (stats.t(len(row) - 1, np.mean(row), stats.sem(row)) for row in (ours, theirs))
    expected, _ = integrate.quad(lambda mean: first.pdf(mean) * second.cdf(mean), 0.5, 1.1, points=[0.8, 0.815])

    assert best(ours, theirs, pairing="independent")["a"] == pytest.approx(expected, abs=TWO_DIGITS)


def test_of_equal_arms_each_has_its_share():
    row = [0.80, 0.81, 0.83]
    assert best(row, row, row, row) == pytest.approx(dict.fromkeys("abcd", 0.25))


@given(st.integers(2, 5), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_they_sum_to_one_and_a_shift_of_all_changes_nothing(k, n, draw):
    rows = np.random.default_rng(draw).normal(size=(k, n))
    found = best(*rows)

    assert sum(found.values()) == pytest.approx(1)
    assert best(*(rows + 3)) == pytest.approx(found, abs=1e-3)


def test_draws_have_the_means_spreads_and_correlation_of_the_scores():
    random = np.random.default_rng(4)
    rows = random.normal(size=60) + random.normal(size=(3, 60)) * np.array([[1], [1], [4]])
    made = mean_draws(arms(*rows))
    pairs = np.corrcoef(rows)[np.triu_indices(3, 1)]

    assert made.means.shape == (DRAWS, 3)
    assert made.means.mean(axis=0) == pytest.approx(rows.mean(axis=1), abs=0.02)
    assert made.means.std(axis=0) == pytest.approx(stats.sem(rows, axis=1), rel=0.05)
    assert np.corrcoef(made.means.T)[np.triu_indices(3, 1)] == pytest.approx([pairs.mean()] * 3, abs=0.03)


def test_one_wild_arm_does_not_hide_that_another_is_better():
    """A common variance would: the wild arm's spread is a hundred times the others'."""
    good, poor, wild = [0.90, 0.901, 0.902], [0.80, 0.802, 0.801], [0.2, 0.6, 0.4]
    found = best(good, poor, wild)
    assert found["a"] > 0.9
    assert found["b"] < 0.01


def test_arms_whose_spread_is_unknown_have_no_probability():
    rows = [0.8, 0.81, 0.83], [0.8, 0.82, 0.81], [0.1, 0.1, 0.1], [0.9]
    found = best(*rows)
    assert (found["c"], found["d"]) == (None, None)
    assert found["a"] + found["b"] == pytest.approx(1)


def test_a_single_arm_that_could_be_best_has_no_probability():
    assert best([0.8, 0.81], [0.5, 0.5], [0.9]) == {"a": None, "b": None, "c": None}
    assert best() == {}


def test_an_arm_that_lost_a_trial_is_not_ranked():
    found = ranks(arms([0.9, 0.91, 0.92], [0.8, 0.82, 0.81], [0.1, 0.2, 0.15], lost="c"), 0.05)

    assert found[2].best is None
    assert (found[2].low, found[2].high) == (1, 3)
    assert found[2].mean == pytest.approx(0.15)
    assert found[0].best > 0.9


def test_only_seeds_that_all_share_are_used_when_paired():
    full, short = [0.8, 0.82, 0.81, 0.3], [0.79, 0.80, 0.815]
    assert best(full, short) == best(full[:3], short)


def test_rank_intervals_of_arms_far_apart_are_their_ranks():
    noise = np.random.default_rng(2).normal(size=(4, 5)) * 1e-4
    found = ranks(arms(*(np.array([[0.7], [0.9], [0.6], [0.8]]) + noise)), 0.05)

    assert [(rank.low, rank.high) for rank in found] == [(3, 3), (1, 1), (4, 4), (2, 2)]
    assert [rank.mean for rank in found] == pytest.approx([0.7, 0.9, 0.6, 0.8], abs=1e-3)


def test_rank_intervals_of_two_arms_follow_the_paired_t_test():
    two = arms([0.82, 0.84, 0.83, 0.85], [0.81, 0.80, 0.82, 0.81])
    p = stats.ttest_rel(*(list(arm.scores.values()) for arm in two)).pvalue

    assert rank_intervals(two, p * 1.01) == [(1, 1), (2, 2)]
    assert rank_intervals(two, p * 0.99) == [(1, 2), (1, 2)]


@given(st.integers(2, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from(["paired", "independent"]))
@settings(max_examples=30)
def test_rank_intervals_hold_the_rank_of_the_mean(k, n, draw, pairing):
    rows = np.random.default_rng(draw).normal(size=(k, n)) + np.arange(k)[:, None]
    order = stats.rankdata(-rows.mean(axis=1))

    for (low, high), place in zip(rank_intervals(arms(*rows), 0.05, pairing), order, strict=True):
        assert 1 <= low <= place <= high <= k


@pytest.mark.parametrize("truth", [[0, 0, 0], [0, 0.8, 0.8]])
def test_all_rank_intervals_hold_the_true_ranks_together(truth):
    """Ranks of equal arms are intervals themselves: any rank among equals is right."""
    random = np.random.default_rng(6)
    true = [(1 + sum(t > own for t in truth), sum(t >= own for t in truth)) for own in truth]
    misses = 0
    for _ in range(400):
        found = rank_intervals(arms(*(random.normal(size=(3, 6)) + np.array(truth)[:, None])), 0.1)
        misses += any(low > first or high < last for (low, high), (first, last) in zip(found, true, strict=True))
    assert misses <= 40 + 12  # two Monte Carlo standard errors
