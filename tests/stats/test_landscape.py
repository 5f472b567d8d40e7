"""The loss-landscape band, on planted losses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.stats.landscape import band

INF, NAN = float("inf"), float("nan")
FALLING = np.array([4, 3, 2, 1], np.float32)


def test_the_band_lies_between_the_lowest_and_the_highest_loss():
    made = band({"0.1": FALLING, "0.2": np.array([2, 3.5, 1, 1.5], np.float32)})
    assert made.low.tolist() == [2, 3, 1, 1]
    assert made.high.tolist() == [4, 3.5, 2, 1.5]
    assert made.steps.tolist() == [1, 2, 3, 4]
    assert made.diverged == {}


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_diverged_trial_is_named_and_leaves_the_band_open(bad):
    made = band({"calm": FALLING, "wild": np.array([5, 6, bad, 7], np.float32)})
    assert made.diverged == {"wild": 3}
    assert made.low.tolist() == [4, 3, 2, 1]
    assert made.high.tolist() == [5, 6, INF, INF]


def test_a_diverged_trial_stays_lost_after_its_last_loss():
    made = band({"wild": np.array([9, NAN], np.float32), "calm": FALLING})
    assert made.high.tolist() == [9, INF, INF, INF]
    assert made.low.tolist() == [4, 3, 2, 1]


def test_where_all_diverged_nothing_is_finite():
    made = band({"a": np.array([NAN, 1], np.float32), "b": np.array([2, NAN], np.float32)})
    assert made.low.tolist() == [2, INF]
    assert made.high.tolist() == [INF, INF]
    assert made.diverged == {"a": 1, "b": 2}


def test_a_trial_that_stopped_early_counts_as_long_as_it_lasted():
    made = band({"whole": FALLING, "short": np.array([5, 1], np.float32)})
    assert made.low.tolist() == [4, 1, 2, 1]
    assert made.high.tolist() == [5, 3, 2, 1]
    assert made.diverged == {}


def test_the_running_mean_is_centred_and_shortens_at_the_ends():
    made = band({"a": np.array([0, 3, 6, 9, 0], np.float32)}, window=3)
    np.testing.assert_allclose(made.low, [1.5, 3, 6, 5, 4.5])
    np.testing.assert_array_equal(made.low, made.high)


def test_one_huge_loss_does_not_blur_those_outside_its_window():
    values = np.array([1e30, 2, 2, 2.5, 3], np.float32)
    np.testing.assert_allclose(band({"a": values}, window=3).low[2:], [6.5 / 3, 2.5, 2.75])


def test_a_window_reaches_no_loss_after_divergence():
    made = band({"a": np.array([2, 4, NAN, 8], np.float32)}, window=3)
    assert made.low.tolist() == [3, 3, INF, INF]


finite_losses = st.lists(st.floats(0, 100, width=32), min_size=1, max_size=12).map(
    lambda row: np.array(row, np.float32)
)


@given(st.dictionaries(st.text(max_size=3), finite_losses, min_size=1, max_size=5))
def test_every_loss_lies_in_the_band(losses):
    made = band(losses)
    assert len(made.steps) == len(made.low) == len(made.high) == max(map(len, losses.values()))
    for values in losses.values():
        assert (made.low[: len(values)] <= values).all()
        assert (values <= made.high[: len(values)]).all()


@pytest.mark.parametrize(
    ("losses", "window"), [({}, 1), ({"a": FALLING}, 2), ({"a": FALLING}, 0), ({"a": FALLING[:0]}, 1)]
)
def test_no_losses_or_no_middle_is_refused(losses, window):
    with pytest.raises(ValueError, match="needs losses and an odd window"):
        band(losses, window)
