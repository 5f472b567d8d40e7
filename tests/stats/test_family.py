"""Holm's rule and that of Benjamini and Hochberg against their printed example and statsmodels."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ceteris.stats.family import benjamini_hochberg, holm

BENJAMINI_HOCHBERG_1995 = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0
]  # fmt: skip

families = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=12)


def test_holm_rejects_three_of_the_fifteen():
    steps = holm(BENJAMINI_HOCHBERG_1995, 0.05)

    assert [step.rejected for step in steps] == [True] * 3 + [False] * 12
    assert [step.level for step in steps] == pytest.approx([0.05 / 15, 0.05 / 14, 0.05 / 13] + [0.05 / 12] * 12)


@given(families, st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_agrees_with_statsmodels(p_values, alpha):
    steps = holm(p_values, alpha)
    _, adjusted, _, _ = multipletests(p_values, alpha, method="holm")

    assert [step.p_adjusted for step in steps] == pytest.approx(list(adjusted))
    assert [step.rejected for step in steps] == [step.p_adjusted <= alpha for step in steps]


@given(families)
def test_a_level_rejects_exactly_what_holm_rejects(p_values):
    for p, step in zip(p_values, holm(p_values, 0.05), strict=True):
        if p != pytest.approx(step.level, rel=1e-9):
            assert (p < step.level) == step.rejected


@given(families, st.randoms(use_true_random=False))
def test_the_order_of_the_family_does_not_matter(p_values, random):
    shuffled = random.sample(range(len(p_values)), len(p_values))
    steps, moved = holm(p_values, 0.05), holm([p_values[i] for i in shuffled], 0.05)

    assert [steps[i] for i in shuffled] == moved


def test_what_could_not_be_tested_still_counts():
    tested, untested = holm([0.03, None], 0.05)

    assert tested.p_adjusted == pytest.approx(0.06)
    assert not tested.rejected
    assert untested.p_adjusted is None
    assert not untested.rejected


def test_an_empty_family_has_no_steps():
    assert holm([], 0.05) == []


def test_bonferroni_and_holm_reject_three_of_the_fifteen_and_benjamini_hochberg_four():
    assert sum(p <= 0.05 / 15 for p in BENJAMINI_HOCHBERG_1995) == 3
    assert sum(step.rejected for step in holm(BENJAMINI_HOCHBERG_1995, 0.05)) == 3
    assert [step.rejected for step in benjamini_hochberg(BENJAMINI_HOCHBERG_1995, 0.05)] == [True] * 4 + [False] * 11


@given(families, st.sampled_from([0.01, 0.05, 0.2]))
def test_benjamini_hochberg_agrees_with_statsmodels(p_values, alpha):
    steps = benjamini_hochberg(p_values, alpha)
    _, adjusted, _, _ = multipletests(p_values, alpha, method="fdr_bh")

    assert [step.p_adjusted for step in steps] == pytest.approx(list(adjusted))
    assert [step.rejected for step in steps] == [step.p_adjusted <= alpha for step in steps]


@given(families)
def test_a_level_rejects_exactly_what_benjamini_hochberg_rejects(p_values):
    for p, step in zip(p_values, benjamini_hochberg(p_values, 0.05), strict=True):
        if p != pytest.approx(step.level, rel=1e-9):
            assert (p < step.level) == step.rejected


def test_what_could_not_be_tested_still_counts_in_a_list():
    tested, untested = benjamini_hochberg([0.03, None], 0.05)

    assert tested.p_adjusted == pytest.approx(0.06)
    assert not tested.rejected
    assert untested.p_adjusted is None
    assert not untested.rejected
    assert benjamini_hochberg([], 0.05) == []


@example([0.0, 0.0, 0.05], 0.05)
@given(families, st.sampled_from([0.01, 0.05, 0.2]))
def test_a_list_rejects_whatever_holm_rejects(p_values, alpha):
    for strict, listed in zip(holm(p_values, alpha), benjamini_hochberg(p_values, alpha), strict=True):
        assert listed.rejected >= strict.rejected
