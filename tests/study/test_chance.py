"""The chance test against scipy's binomial tail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ceteris.study.chance import chance_level


@given(total=st.integers(1, 400), share=st.floats(0, 1), classes=st.integers(2, 200))
def test_agrees_with_scipy(total, share, classes):
    correct = round(share * total)

    assert chance_level(correct, total, classes) == (binom.sf(correct - 1, total, 1 / classes) > 0.001)


@pytest.mark.parametrize(("total", "classes"), [(360, 10), (10_000, 10), (10_000, 100), (50_000, 1000)])
def test_the_threshold_is_exact_at_real_sizes(total, classes):
    first_above = int(binom.isf(0.001, total, 1 / classes)) + 1

    assert chance_level(first_above - 1, total, classes)
    assert not chance_level(first_above, total, classes)


def test_ends_of_the_scale():
    assert chance_level(0, 10_000, 10)
    assert not chance_level(10_000, 10_000, 10)
    assert chance_level(9, 9, 2)
    assert not chance_level(10, 10, 2)


@pytest.mark.parametrize("counts", [(11, 10, 2), (-1, 10, 2), (0, 0, 2), (5, 10, 1)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="cannot be"):
        chance_level(*counts)
