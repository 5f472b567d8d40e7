"""Factorial designs against Montgomery's printed example, statsmodels' type II table, and the t-test."""

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols

from ceteris.stats.factorial import detectable, empty_cells, factorial
from ceteris.stats.power import detectable_effect
from ceteris.stats.simple_effects import focus

MONTGOMERY = [28, 25, 27, 36, 32, 32, 18, 19, 23, 31, 30, 29]
"""Yield of a chemical process: 3 replicates of concentration x catalyst (Montgomery, Design and Analysis)."""
CONCENTRATION = (["low"] * 3 + ["high"] * 3) * 2
CATALYST = ["little"] * 6 + ["much"] * 6


def by_factors(found):
    return {effect.factors: effect for effect in found.effects}


def grid(counts, seeds):
    """Levels of every observation and its seed, for a full factorial of that many levels."""
    cells = list(itertools.product(*(range(count) for count in counts)))
    rows = [(*cell, seed) for seed in range(seeds) for cell in cells]
    *columns, block = zip(*rows, strict=True)
    return {name: list(column) for name, column in zip("ABD", columns, strict=False)}, list(block)


def test_montgomery_as_printed():
    found = by_factors(factorial({"A": CONCENTRATION, "B": CATALYST}, MONTGOMERY))
    a, b, ab = found["A",], found["B",], found["A", "B"]

    assert [e.estimate for e in (a, b, ab)] == pytest.approx([8.3333, -5.0, 1.6667], abs=1e-4)
    assert [e.f for e in (a, b, ab)] == pytest.approx([53.19, 19.15, 2.13], abs=5e-3)
    assert [e.squares for e in (a, b, ab)] == pytest.approx([208.33, 75.00, 8.33], abs=5e-3)
    assert [e.freedom for e in (a, b, ab)] == [1, 1, 1]
    assert (a.found, b.found, ab.found) == (True, True, False)
    assert ab.p == pytest.approx(stats.f.sf(2.1276596, 1, 8))


def test_interactions_come_first():
    found = factorial({"A": CONCENTRATION, "B": CATALYST}, MONTGOMERY)

    assert [effect.factors for effect in found.effects] == [("A", "B"), ("A",), ("B",)]
    assert (found.residual_freedom, found.residual_squares) == (8, pytest.approx(31.333, abs=1e-3))


designs = st.tuples(
    st.lists(st.integers(2, 3), min_size=2, max_size=3),
    st.integers(3, 4),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)


@given(designs)
@settings(max_examples=25)
def test_unbalanced_designs_agree_with_statsmodels(design):
    counts, seeds, draw, blocked = design
    levels, block = grid(counts, seeds)
    random = np.random.default_rng(draw)
    scores = random.normal(size=len(block)) + np.asarray(block) + np.multiply(*[levels[name] for name in "AB"])
    dropped = random.permutation(np.arange(len(block) // seeds, len(block)))[: random.integers(0, len(block) // 6 + 1)]
    kept = np.setdiff1d(np.arange(len(block)), dropped)  # the first seed stays whole, so that no cell is empty
    table = pd.DataFrame(levels | {"y": scores, "seed": block}).iloc[kept]
    product = "*".join(f"C({name})" for name in levels)
    expected = sm.stats.anova_lm(ols(f"y ~ {product}" + " + C(seed)" * blocked, table).fit(), typ=2)
    ours = factorial(
        {name: list(table[name]) for name in levels}, list(table["y"]), list(table["seed"]) if blocked else None
    )

    assert ours.residual_freedom == expected.loc["Residual", "df"]
    assert ours.residual_squares == pytest.approx(expected.loc["Residual", "sum_sq"])
    for effect in ours.effects:
        row = expected.loc[":".join(f"C({name})" for name in effect.factors)]
        assert effect.freedom == row["df"]
        assert effect.squares == pytest.approx(row["sum_sq"], abs=1e-9)
        assert (effect.f, effect.p) == (pytest.approx(row["F"], abs=1e-9), pytest.approx(row["PR(>F)"], abs=1e-9))


def test_one_factor_of_two_levels_with_blocks_is_the_paired_t_test():
    ours, theirs = [0.81, 0.84, 0.80, 0.83], [0.80, 0.81, 0.80, 0.79]
    found = factorial({"A": ["a"] * 4 + ["b"] * 4}, theirs + ours, list(range(4)) * 2).effects[0]
    expected = stats.ttest_rel(ours, theirs)

    assert found.p == pytest.approx(expected.pvalue)
    assert found.estimate == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))


@given(st.integers(0, 2**32 - 1), st.floats(-5, 5))
@settings(max_examples=20)
def test_an_interval_excludes_zero_exactly_when_the_effect_is_found(draw, size):
    levels, block = grid([2, 2], 3)
    scores = np.random.default_rng(draw).normal(size=12) + size * np.asarray(levels["A"])

    for effect in factorial(levels, scores, block).effects:
        assert (effect.interval[0] > 0 or effect.interval[1] < 0) == effect.found


def test_a_shift_of_a_block_changes_nothing_but_the_block():
    levels, block = grid([2, 3], 3)
    scores = np.random.default_rng(5).normal(size=18)
    one, two = (factorial(levels, scores + shift * np.asarray(block), block) for shift in (0, 10))

    assert [e.squares for e in one.effects] == pytest.approx([e.squares for e in two.effects])


def crossing(seeds=4, gap=0.05, noise=0.004):
    """The second level of A is better at the first level of B and worse at the second."""
    levels, block = grid([2, 2], seeds)
    a, b = (2 * np.asarray(levels[name]) - 1 for name in "AB")
    return levels, 0.8 - gap * a * b + np.random.default_rng(3).normal(size=len(a)) * noise, block


def test_simple_effects_take_the_place_of_main_effects_when_an_interaction_is_found():
    levels, scores, block = crossing()
    found = factorial(levels, scores, block)
    a, b = (np.asarray(levels[name]) for name in "AB")

    assert found.depends("A") == found.depends("B") == (by_factors(found)["A", "B"],)
    assert [(one.factor, one.level, one.reference, dict(one.within)) for one in found.simple] == [
        ("A", 1, 0, {"B": 0}),
        ("A", 1, 0, {"B": 1}),
    ]
    assert [one.difference > 0 for one in found.simple] == [True, False]
    for one in found.simple:
        inside = b == one.within["B"]
        expected = stats.ttest_rel(scores[inside & (a == 1)], scores[inside & (a == 0)])
        assert one.p == pytest.approx(expected.pvalue)
        assert one.p_adjusted == pytest.approx(expected.pvalue * (1 + (one.p == min(s.p for s in found.simple))))
        assert one.found
        assert one.interval[0] < one.difference < one.interval[1]


def test_without_blocks_simple_effects_are_welch_tests():
    levels, scores, _ = crossing()
    a, b = (np.asarray(levels[name]) for name in "AB")
    one = factorial(levels, scores).simple[0]

    expected = stats.ttest_ind(scores[(b == 0) & (a == 1)], scores[(b == 0) & (a == 0)], equal_var=False)
    assert one.p == pytest.approx(expected.pvalue)


def test_no_interaction_no_simple_effects():
    assert factorial({"A": CONCENTRATION, "B": CATALYST}, MONTGOMERY).simple == ()


def test_simple_effects_average_over_factors_outside_the_interaction_in_whole_blocks():
    levels, block = grid([2, 2, 2], 4)
    a, b = (2 * np.asarray(levels[name]) - 1 for name in "AB")
    scores = 5 * a * b + np.random.default_rng(8).normal(size=len(a)) / 10
    keep = [row for row in range(len(a)) if (levels["A"][row], levels["D"][row], block[row]) != (0, 1, 3)]
    some = {name: [column[row] for row in keep] for name, column in levels.items()}
    found = factorial(some, scores[keep], [block[row] for row in keep])

    assert [dict(one.within) for one in found.simple] == [{"B": 0}, {"B": 1}]
    at = {level: [scores[r] for r in range(len(a)) if levels["A"][r] == level and b[r] < 0] for level in (0, 1)}
    means = {level: np.reshape(column, (4, 2)).mean(axis=1)[:3] for level, column in at.items()}  # seed 3 lacks cells
    assert found.simple[0].difference == pytest.approx(np.mean(means[1] - means[0]))
    assert found.simple[0].p == pytest.approx(stats.ttest_rel(means[1], means[0]).pvalue)


def test_the_factor_with_the_fewest_levels_is_looked_at():
    assert focus(("A", "B"), {"A": [1, 2, 3], "B": [1, 2]}) == "B"
    assert focus(("A", "B"), {"A": [1, 2], "B": [1, 2]}) == "A"


@pytest.mark.parametrize(("n", "alpha"), [(3, 0.05), (5, 0.01), (20, 0.05)])
def test_the_smallest_effect_of_two_levels_is_that_of_the_t_test(n, alpha):
    expected = detectable_effect(n, 0.3, alpha, pairing="independent")
    assert detectable([2], 1, n, 0.3, 2 * (n - 1), alpha=alpha) == pytest.approx(expected)


def test_the_smallest_dependence_is_found_with_the_power_promised():
    """By simulation: a 2 x 3 design in which one pair of differences is that far apart and no other term is there."""
    n, sd = 5, 1.0
    smallest = detectable([2, 3], 1, n, sd, 4 * 5, alpha=0.05)
    levels, block = grid([2, 3], n)
    cell = np.array([[1, -1, 0], [-1, 1, 0]]) * smallest / 4
    truth = cell[levels["A"], levels["B"]]
    random = np.random.default_rng(11)
    runs = [factorial(levels, truth + random.normal(size=30) * sd, block).effects[0].p < 0.05 for _ in range(400)]

    assert np.mean(runs) == pytest.approx(0.8, abs=0.06)


def test_without_residual_freedom_or_spread_nothing_is_tested():
    levels, block = grid([2, 2], 1)
    alone = factorial(levels, [0.1, 0.2, 0.3, 0.7], block)
    levels, block = grid([2, 2], 3)
    still = factorial(levels, [0.1, 0.2, 0.3, 0.7] * 3, block)

    for found in (alone, still):
        assert {(effect.f, effect.p, effect.p_adjusted, effect.found) for effect in found.effects} == {
            (None, None, None, False)
        }
        assert by_factors(found)["A",].estimate == pytest.approx(0.35)


def test_what_cannot_be_analysed_is_refused():
    levels, block = grid([2, 2], 2)
    with pytest.raises(ValueError, match="one length"):
        factorial(levels, [1.0, 2.0], block)
    with pytest.raises(ValueError, match="one level"):
        factorial({"A": [0, 0, 0]}, [1.0, 2.0, 3.0])
    assert empty_cells({"A": [0, 0, 1], "B": [0, 1, 0]}, [1.0, 2.0, 3.0]) == [(1, 1)]
    with pytest.raises(ValueError, match="no score for 1 1"):
        factorial({"A": [0, 0, 1], "B": [0, 1, 0]}, [1.0, 2.0, 3.0])
