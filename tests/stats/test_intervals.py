"""Estimates against the printed answers of Student's sleep data and Darwin's maize, and against scipy."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.intervals import difference_of_means, mean_interval, mean_of, one_sample

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

fractions = st.integers(0, 10_000).map(lambda correct: correct / 10_000)
samples = st.lists(fractions, min_size=2, max_size=12).filter(lambda values: len(set(values)) > 1)


def test_the_sleep_data_give_students_paired_t():
    paired = mean_of([one - two for one, two in zip(DRUG_1, DRUG_2, strict=True)])

    assert paired.value / paired.error == pytest.approx(-4.06213, abs=5e-6)
    assert paired.p() == pytest.approx(0.002833, abs=5e-7)
    assert paired.interval(0.05) == pytest.approx((-2.45989, -0.70011), abs=5e-6)
    assert paired.p_equivalent(3.0) == pytest.approx(0.002656, abs=5e-7)


def test_the_sleep_data_give_welchs_p_when_independent():
    welch = difference_of_means(DRUG_1, DRUG_2)

    assert welch.p() == pytest.approx(0.079394, abs=5e-7)
    assert welch.freedom == pytest.approx(17.776, abs=5e-4)


def test_darwins_maize_gives_fishers_t():
    assert mean_of(MAIZE).p() == pytest.approx(0.049703, abs=5e-7)


@given(samples, samples)
def test_welch_agrees_with_scipy(first, second):
    ours, theirs = difference_of_means(first, second), stats.ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval(0.9)

    assert ours.p() == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert ours.interval(0.1) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


@given(samples, fractions)
def test_one_sample_agrees_with_scipy(scores, published):
    ours, theirs = one_sample(scores, published, 0.05), stats.ttest_1samp(scores, published)
    low, high = mean_interval(scores, 0.05)

    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert ours.interval == pytest.approx((low - published, high - published), abs=1e-9)
    assert ours.inside == (ours.p >= 0.05)


def test_one_sample_known_answer():
    ours = one_sample([0.70, 0.72, 0.74], 0.70, 0.05)

    assert ours.difference == pytest.approx(0.02)
    assert ours.p == pytest.approx(2 * stats.t.sf(math.sqrt(3), 2))
    assert ours.inside


@pytest.mark.parametrize("scores", [[], [0.5], [0.71, 0.71, 0.71]])
def test_no_interval_without_a_measured_spread(scores):
    assert mean_interval(scores, 0.05) is None
    assert one_sample(scores, 0.4, 0.05) is None


def test_rounding_is_not_a_spread():
    assert mean_of([0.71 - 0.70, 0.81 - 0.80, 0.51 - 0.50]) is None
