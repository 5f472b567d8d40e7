import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import contingency_tables

from ceteris.stats.paired_models import mcnemar, repeated_splits


def answers(both, first, second, neither):
    """Correctness of two networks with so many images in each cell."""
    one = [True] * (both + first) + [False] * (second + neither)
    two = [True] * both + [False] * first + [True] * second + [False] * neither
    return np.array(one, bool), np.array(two, bool)


def test_mcnemar_of_the_known_table():
    found = mcnemar(*answers(101, 121, 59, 33))
    assert (found.first_only, found.second_only) == (121, 59)
    assert found.p == pytest.approx(4.434e-6, rel=1e-3)


@given(*[st.integers(0, 40)] * 4)
def test_mcnemar_is_that_of_statsmodels(both, first, second, neither):
    found = mcnemar(*answers(both, first, second, neither))
    if first + second:
        oracle = contingency_tables.mcnemar([[both, first], [second, neither]], exact=True)
        assert found.p == pytest.approx(oracle.pvalue)
    else:
        assert found.p == 1
    back = mcnemar(*answers(both, second, first, neither))
    assert (back.first_only, back.second_only, back.p) == (second, first, found.p)


def test_networks_on_other_images_are_refused():
    with pytest.raises(ValueError, match="not the same images"):
        mcnemar(np.ones(3, bool), np.ones(4, bool))


def test_corrected_resampled_t_of_the_known_differences():
    differences = [i / 100 for i in range(1, 11)]
    found = repeated_splits(differences, 1 / 9)
    assert found.value / found.error == pytest.approx(3.95368, abs=1e-5)
    naive = repeated_splits(differences, 0.0)
    assert naive.value / naive.error == pytest.approx(5.74456, abs=1e-5)
    assert found.p() == pytest.approx(2 * stats.t.sf(3.95368, 9), rel=1e-4)
    assert naive.p() == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0, 1))
def test_corrected_resampled_t_is_its_formula(differences, ratio):
    found = repeated_splits(differences, ratio)
    if found is not None:
        variance = np.var(differences, ddof=1) * (1 / len(differences) + ratio)
        assert found.error == pytest.approx(variance**0.5)
        assert found.value == pytest.approx(np.mean(differences))


def test_too_little_for_a_test_over_splits():
    assert repeated_splits([0.1], 0.1) is None
    assert repeated_splits([0.1, 0.1], 0.1) is None
    with pytest.raises(ValueError, match="cannot be"):
        repeated_splits([0.1, 0.2], -0.1)
