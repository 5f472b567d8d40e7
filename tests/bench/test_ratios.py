"""Ratios compare repeat by repeat; shares are of the highest limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ratios import Spread, limit_share, one_trial_more, ratio, spread

RATES = st.floats(1, 1e6)


def test_a_ratio_is_taken_within_each_repeat():
    assert ratio([10, 30, 8], [5, 10, 8]) == Spread(2, 1, 3)


@given(st.lists(st.tuples(RATES, RATES, st.floats(0.1, 10)), min_size=1, max_size=9))
def test_what_slows_a_whole_repeat_does_not_move_the_ratio(repeats):
    ours, theirs, slowed = zip(*repeats, strict=True)
    quiet = ratio(ours, theirs)
    busy = ratio(*([rate / by for rate, by in zip(rates, slowed, strict=True)] for rates in (ours, theirs)))

    assert busy.median == pytest.approx(quiet.median)
    assert (busy.least, busy.most) == (pytest.approx(quiet.least), pytest.approx(quiet.most))


@given(st.lists(RATES, min_size=1, max_size=9))
def test_a_spread_holds_its_median(values):
    found = spread(values)

    assert found.least <= found.median <= found.most
    assert {found.least, found.most} <= set(values)


def test_a_trial_more_than_cores_takes_two_rounds_or_turns():
    # Two cores, 100 images a trial: two rounds at 50 a second each, or three turns at 90.
    assert one_trial_more(2, [100], [90]).median == pytest.approx((100 / 50 * 2) / (3 * 100 / 90))
    assert one_trial_more(2, [100, 100], [75, 60]).most == pytest.approx(1)


def test_repeats_must_pair_up():
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], [1.0])


def test_the_share_is_of_the_higher_limit():
    assert limit_share(100, 2e6, 4e8, 8e8) == pytest.approx(0.25)
