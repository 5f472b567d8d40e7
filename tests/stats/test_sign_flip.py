"""The sign-flip test against Fisher's own count and scipy."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.sign_flip import sign_flip_p

MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_darwins_maize_gives_fishers_count():
    assert sign_flip_p(MAIZE) == 1726 / 32768


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_few_seeds_cannot_go_below_two_in_two_to_the_n(n):
    assert sign_flip_p([0.01 * (i + 1) for i in range(n)]) == 2 / 2**n


@settings(max_examples=25)
@given(st.lists(st.integers(-40, 40), min_size=2, max_size=8))
@example([0, 0, 0, 0, 0, 5, 10, -15])  # in thousandths scipy takes its sum of 0 for more than 0, and says 0.75
def test_agrees_with_scipy(points):
    theirs = stats.permutation_test(
        (np.array(points),), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_p([point / 1000 for point in points]) == pytest.approx(min(1.0, theirs.pvalue))


def test_many_seeds_are_sampled_the_same_way_every_time():
    differences = [*MAIZE, 5, -5]
    exact = stats.permutation_test((np.array(differences),), np.mean, permutation_type="samples", n_resamples=np.inf)

    assert sign_flip_p(differences) == sign_flip_p(differences)
    assert sign_flip_p(differences) == pytest.approx(exact.pvalue, abs=0.004)
    assert sign_flip_p([1.0] * 40) == 2**-16


def test_the_sign_of_all_does_not_matter():
    assert sign_flip_p([-d for d in MAIZE]) == sign_flip_p(MAIZE)
