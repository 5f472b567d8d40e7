"""Named randomness: pinned, independent of everything but seed and name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.study.streams import stream, stream_bits


def test_bits_are_pinned_for_ever():
    """The first 8 bytes of sha256("ceteris/stream/1\\0" "0" "\\0" "order/1"), as `sha256sum` prints them."""
    assert stream_bits(0, "order/1") == 0x53ACF7451EBBAF1F
    assert stream(0, "order/1").integers(0, 1000, 4).tolist() == [2, 401, 664, 605]


def test_fewer_bits_are_the_leading_ones():
    assert stream_bits(3, "init/fc.weight", 32) == stream_bits(3, "init/fc.weight", 256) >> 224


@pytest.mark.parametrize("bits", [0, -1, 257])
def test_a_stream_has_1_to_256_bits(bits):
    with pytest.raises(ValueError, match="1 to 256"):
        stream_bits(0, "order/1", bits)


@given(st.integers(0, 2**70), st.integers(0, 2**70), st.text(max_size=8), st.text(max_size=8))
def test_streams_are_equal_only_for_equal_seed_and_name(seed, other_seed, name, other_name):
    same = (seed, name) == (other_seed, other_name)

    assert (stream_bits(seed, name, 256) == stream_bits(other_seed, other_name, 256)) == same


def test_neighbouring_streams_are_not_correlated():
    draws = np.array([stream(seed, f"order/{epoch}").normal(size=2000) for seed in (0, 1) for epoch in (1, 2)])

    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.1


def test_a_stream_neither_uses_nor_moves_another():
    expected = stream(1, "order/2").random(5)
    stream(1, "order/1").random(1000)

    assert np.array_equal(stream(1, "order/2").random(5), expected)
