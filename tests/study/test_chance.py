"""The chance test against scipy's binomial tail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ceteris.study.chance import chance_level


@given(total=st.integers(1, 400), right=st.floats(0, 1), share=st.floats(0.005, 0.995))
def test_agrees_with_scipy(total, right, share):
    correct = round(right * total)

    assert chance_level(correct, total, share) == (binom.sf(correct - 1, total, share) > 0.001)


@pytest.mark.parametrize(("total", "classes"), [(360, 10), (10_000, 10), (10_000, 100), (50_000, 1000)])
def test_the_threshold_is_exact_at_real_sizes(total, classes):
    first_above = int(binom.isf(0.001, total, 1 / classes)) + 1

    assert chance_level(first_above - 1, total, 1 / classes)
    assert not chance_level(first_above, total, 1 / classes)


def test_ends_of_the_scale():
    assert chance_level(0, 10_000, 0.1)
    assert not chance_level(10_000, 10_000, 0.1)
    assert chance_level(9, 9, 0.5)
    assert not chance_level(10, 10, 0.5)


@pytest.mark.parametrize("counts", [(11, 10, 0.5), (-1, 10, 0.5), (0, 0, 0.5), (5, 10, 1.0), (5, 10, 0.0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="cannot be"):
        chance_level(*counts)


def test_a_network_that_always_names_the_largest_class_has_not_learnt():
    assert chance_level(700, 1000, 0.7)
    assert not chance_level(700, 1000, 0.1)


def test_naming_the_largest_class_is_not_learning():
    assert chance_level(82, 100, 0.8)
    assert not chance_level(82, 100, 0.5)
