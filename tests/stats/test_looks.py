"""The price of looking more than once: known answers, and the null drawn and counted."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.looks import e_value, look_level, overall_p
from ceteris.study.streams import stream

NULLS = 60_000
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


@pytest.fixture(scope="module")
def nulls():
    """Differences without a difference, [studies, seeds]."""
    return stream(0, "tests/looks").normal(size=(NULLS, 10))


def paired_p(differences, n, sides=2):
    t = stats.ttest_1samp(differences[:, :n], 0, axis=1, alternative="two-sided" if sides == 2 else "greater")
    return t.pvalue


def within(share, expected, trials=NULLS, errors=3.5):
    return abs(share - expected) <= errors * math.sqrt(expected * (1 - expected) / trials)


@pytest.mark.parametrize(
    ("looks", "inflated", "level"),
    [((3, 5, 10), 0.1204, 0.0192), ((5, 10), 0.0867, 0.0280), (tuple(range(3, 11)), 0.1667, 0.0120)],
)
def test_what_a_plain_t_looked_at_again_and_again_comes_to(nulls, looks, inflated, level):
    smallest = np.min([paired_p(nulls, n) for n in looks], axis=0)

    assert overall_p(0.05, looks) == pytest.approx(inflated, abs=0.0004)
    assert look_level(0.05, looks) == pytest.approx(level, abs=0.0001)
    assert within((smallest <= 0.05).mean(), overall_p(0.05, looks))
    assert within((smallest <= look_level(0.05, looks)).mean(), 0.05)
    assert within((smallest <= 0.002).mean(), overall_p(0.002, looks))


def test_one_sided_tests_pay_less(nulls):
    smallest = np.min([paired_p(nulls, n, sides=1) for n in (3, 5, 10)], axis=0)

    assert within((smallest <= 0.05).mean(), overall_p(0.05, (3, 5, 10), sides=1))
    assert within((smallest <= 0.6).mean(), overall_p(0.6, (3, 5, 10), sides=1))
    assert overall_p(0.05, (3, 5, 10), sides=1) < overall_p(0.05, (3, 5, 10))


def test_independent_arms_are_the_pooled_t(nulls):
    other = stream(1, "tests/looks").normal(size=nulls.shape)
    smallest = np.min([stats.ttest_ind(nulls[:, :n], other[:, :n], axis=1).pvalue for n in (2, 4, 9)], axis=0)

    for p in (0.005, 0.05, 0.3):
        assert within((smallest <= p).mean(), overall_p(p, (2, 4, 9), pairing="independent"))


def test_two_looks_at_known_spread_are_pococks():
    """With many seeds t is nearly z: two equally spaced looks at .0294 (Pocock 1977)."""
    assert look_level(0.05, (30, 60)) == pytest.approx(0.0294, abs=0.0006)


@given(st.floats(1e-9, 1.0), st.sampled_from([(), (7,)]), st.sampled_from([1, 2]))
def test_one_look_costs_nothing(p, looks, sides):
    assert overall_p(p, looks, sides) == look_level(p, looks, sides) == p


@given(
    st.floats(1e-9, 1.0),
    st.floats(1e-9, 1.0),
    st.sampled_from([(3, 5, 10), (2, 3)]),
    st.sampled_from([1, 2]),
    st.sampled_from(["paired", "independent"]),
)
@example(1e-5, 1e-5, (2, 3), 1, "independent")
def test_more_is_paid_for_more_and_the_level_is_the_inverse(p, q, looks, sides, pairing):
    low, high = sorted((p, q))
    price = overall_p(high, looks, sides, pairing)

    assert high * (1 - 1e-9) <= price <= min(1.0, len(looks) * high * (1 + 1e-9))
    assert overall_p(low, looks, sides, pairing) <= price
    if price < 0.999:
        assert look_level(price, looks, sides, pairing) == pytest.approx(high, rel=1e-6)


def test_evidence_at_any_time_known_answers():
    sleep = stats.ttest_rel(DRUG_1, DRUG_2).statistic

    assert e_value(3, 5, 1) == pytest.approx(3.506518, abs=5e-7)
    assert e_value(sleep, 10) == pytest.approx(25.475138, abs=5e-7)
    assert e_value(-3, 5) == e_value(3, 5)
    assert e_value(0, 8) == 1 / 3


def test_evidence_at_any_time_rarely_misleads_however_long_one_looks():
    differences = stream(2, "tests/looks").normal(size=(5_000, 50))
    n = np.arange(2, 51)
    sums, squares = (np.cumsum(differences**power, axis=1)[:, 1:] for power in (1, 2))
    t = sums / np.sqrt(n * (squares - sums**2 / n) / (n - 1))
    crossed = (np.vectorize(e_value)(t, n) >= 20).any(axis=1)

    assert within(crossed.mean(), 0.026, trials=5_000)


def test_evidence_needs_two_seeds_and_a_prior():
    with pytest.raises(ValueError, match="at least 2 seeds"):
        e_value(1.0, 1)
    with pytest.raises(ValueError, match="variance above 0"):
        e_value(1.0, 3, 0.0)
