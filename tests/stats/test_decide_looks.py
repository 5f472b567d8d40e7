"""Contrasts at registered looks: the word of each look, nothing from beyond it, and few false words."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts, seeds_wanted
from ceteris.stats.futility import conditional_power
from ceteris.stats.intervals import Estimate, mean_of
from ceteris.stats.looks import look_level, overall_p
from ceteris.study.streams import stream

LOOKS = (3, 5, 8)
WON = (Verdict.BETTER, Verdict.WORSE)


def arm(name, scores, lost=None):
    return ArmScores(name, dict(enumerate(scores)), lost or {})


def judged(rows, looks=LOOKS, margin=0.01, alpha=0.05, **options):
    return contrasts([arm(f"arm{i}", row) for i, row in enumerate(rows)], {}, margin, alpha, looks=looks, **options)


@st.composite
def studies(draw):
    k = draw(st.integers(1, 3))
    score = st.integers(0, 200).map(lambda count: count / 200)
    return draw(st.lists(st.lists(score, min_size=8, max_size=8), min_size=k + 1, max_size=k + 1))


def test_the_numbers_are_those_of_the_look_at_its_price():
    (found,) = judged([[0.70, 0.71, 0.72, 0.70], [0.80, 0.812, 0.818, 0.1]], looks=(3, 4))
    differences = mean_of([0.10, 0.102, 0.098])

    assert (found.verdict, found.look, found.seeds, found.open) == (Verdict.BETTER, 3, (0, 1, 2), False)
    assert found.p == pytest.approx(overall_p(differences.p(), (3, 4)))
    assert found.interval == pytest.approx(differences.interval(look_level(0.05, (3, 4))))
    assert found.p_equivalent == pytest.approx(overall_p(differences.p_equivalent(0.01), (3, 4), sides=1))


def test_a_plain_p_below_alpha_is_not_enough_at_a_look():
    """p = .03 at the first of three looks."""
    (found,) = judged([[0.5, 0.5, 0.5], [0.51, 0.52, 0.521]])

    assert 0.02 < mean_of([0.01, 0.02, 0.021]).p() < 0.05
    assert (found.verdict, found.open, found.look) == (Verdict.UNDECIDED, True, 3)
    assert seeds_wanted([found]) == {"arm1": 5, "arm0": 5}


def test_each_arm_stays_at_the_look_that_closed_it():
    same = [0.7, 0.71, 0.72, 0.7, 0.71, 0.74, 0.73, 0.69]
    better = [0.8, 0.812, 0.818, 0.1, 0.1, 0.1, 0.1, 0.1]
    open_to_the_end = [score + (-1) ** i * 0.05 for i, score in enumerate(same)]
    found = judged([same, better, open_to_the_end, same])

    assert [(c.verdict, c.look) for c in found] == [
        (Verdict.BETTER, 3),
        (Verdict.UNDECIDED, 8),
        (Verdict.SAME, 3),
    ]
    assert seeds_wanted(found) == {"arm0": 8, "arm1": 3, "arm2": 8, "arm3": 3}


def test_a_trial_lost_beyond_the_look_is_not_seen():
    baseline = ArmScores("relu", {0: 0.7, 1: 0.71, 2: 0.72}, {4: "diverged"})
    (found,) = contrasts([baseline, arm("gelu", [0.8, 0.812, 0.818, 0.8, 0.8])], {}, 0.01, 0.05, looks=LOOKS)

    assert (found.verdict, found.look) == (Verdict.BETTER, 3)


def test_a_look_needs_every_trial_of_the_arms_still_open():
    (found,) = contrasts([arm("relu", [0.7, 0.71]), arm("gelu", [0.8, 0.812, 0.818])], {}, 0.01, 0.05, looks=LOOKS)

    assert (found.verdict, found.look, found.open) == (Verdict.UNDECIDED, 0, True)
    assert (found.p, found.interval, found.p_adjusted) == (None, None, None)
    assert found.reason == "its first look is at 3 seeds"


@settings(max_examples=40, deadline=None)
@given(studies(), st.booleans())
def test_words_and_intervals_agree_at_every_look(rows, futility):
    for found in judged(rows, futility=futility):
        if found.p is None or found.futile or found.adjusted_interval is None:
            assert found.verdict not in WON
            continue
        low, high = found.adjusted_interval
        assume(min(abs(low), abs(high)) > 1e-9)
        assert (found.verdict is Verdict.BETTER) == (low > 0)
        assert (found.verdict is Verdict.WORSE) == (high < 0)
        assert found.seeds == tuple(range(found.look))


@settings(max_examples=25, deadline=None)
@given(studies())
def test_a_decision_once_made_stands_at_every_later_look(rows):
    before = {}
    for n in LOOKS:
        for found in judged([row[:n] for row in rows]):
            if found.arm in before:
                assert (found.look, found.open) == before[found.arm][:2]
                assert found.verdict in (before[found.arm][2], *WON)
            if not found.open:
                before.setdefault(found.arm, (found.look, found.open, found.verdict))


@settings(max_examples=25, deadline=None)
@given(studies(), st.sampled_from([0.25, -0.125]))
def test_swapping_two_arms_and_shifting_all(rows, shift):
    there, back = judged(rows[:2])[0], judged(rows[1::-1])[0]
    moved = judged([[score + shift for score in row] for row in rows[:2]])[0]
    swapped = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}

    assert (back.verdict, back.look) == (swapped.get(there.verdict, there.verdict), there.look)
    assert (moved.verdict, moved.look) == (there.verdict, there.look)
    assert back.difference == pytest.approx(-there.difference)


def test_a_family_of_nulls_seldom_has_a_false_word():
    count = 400
    scores = stream(0, "tests/decide/looks").normal(0.7, 0.01, size=(count, 3, 8))
    false = sum(any(c.verdict in WON for c in judged(study, margin=0.0001)) for study in scores.tolist())

    assert false / count <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / count)
    assert false / count >= 0.05 / 3


def test_conditional_power_is_the_normal_one_when_many_seeds_pin_the_spread():
    """Lan, Simon and Halperin 1982: Phi((n z / sqrt(n) + (N - n) delta - c sqrt(N)) / sqrt(N - n)), unit sd."""
    from statistics import NormalDist

    normal, n, last, value = NormalDist(), 4000, 8000, 0.01
    high = value + normal.inv_cdf(0.975) / math.sqrt(n)
    bar = normal.inv_cdf(0.975) * math.sqrt(last)
    expected = normal.cdf((n * value + (last - n) * high - bar) / math.sqrt(last - n))

    found = conditional_power(Estimate(value, 1 / math.sqrt(n), n - 1, n), last, 1e-9, (0.05, 0.05))
    assert found == pytest.approx(expected, abs=0.03)


def test_hope_falls_with_the_difference_and_rises_with_the_margin():
    estimates = [Estimate(value, 0.01, 4, 5) for value in (-0.06, -0.03, 0.0, 0.03)]
    hopes = [conditional_power(one, 10, 0.0001, (0.02, 0.02)) for one in estimates]

    assert hopes == sorted(hopes)
    assert hopes[0] < 0.1 < 0.9 < hopes[-1]
    assert conditional_power(estimates[1], 10, 0.5, (0.02, 0.02)) > 0.99


def test_a_hopeless_arm_is_never_better_nor_the_same():
    worse = [0.65, 0.68, 0.63, 0.99, 0.99, 0.99, 0.99, 0.99]
    base = [0.7, 0.7, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1]
    with_it, without = (judged([base, worse], margin=0.001, futility=f)[0] for f in (True, False))

    assert with_it.futile
    assert (with_it.verdict, with_it.open, with_it.p_adjusted) == (Verdict.UNDECIDED, False, None)
    assert with_it.reason == f"stopped for futility after {with_it.look} seeds"
    assert (with_it.look, without.look) == (3, 8)
    assert np.isfinite(with_it.interval).all()
