"""Contrasts of a study that declares equal spread, and of one that only explores."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts

correct = st.integers(0, 1000).map(lambda count: count / 1000)
DECIDED = (Verdict.BETTER, Verdict.WORSE)


@st.composite
def studies(draw):
    rows = st.lists(correct, min_size=2, max_size=6)
    return [arm(f"arm {i}", row) for i, row in enumerate(draw(st.lists(rows, min_size=2, max_size=5)))]


def arm(name, scores, lost=None):
    return ArmScores(name, dict(enumerate(scores)), lost or {})


def decide(arms, correction, margin=0.01, alpha=0.05):
    return contrasts(arms, {}, margin, alpha, "independent", correction=correction)


@settings(max_examples=40)
@given(studies(), st.sampled_from(["holm", "dunnett", "exploratory"]), st.sampled_from([0.05, 0.2]))
def test_word_interval_and_adjusted_p_never_contradict_each_other(arms, correction, alpha):
    for found in decide(arms, correction, alpha=alpha):
        assert found.correction == correction
        if found.p is None:
            assert found.verdict not in DECIDED
            continue
        low, high = found.adjusted_interval
        assume(min(abs(low), abs(high)) > 1e-7)
        assert (found.verdict is Verdict.BETTER) == (low > 0)
        assert (found.verdict is Verdict.WORSE) == (high < 0)
        assert (found.verdict in DECIDED) == (found.p_adjusted <= alpha)


@settings(max_examples=10)
@given(studies())
def test_dunnett_agrees_with_scipy(arms):
    found = decide(arms, "dunnett")
    assume(all(one.p is not None for one in found))
    scores = [list(each.scores.values()) for each in arms]
    theirs = stats.dunnett(*scores[1:], control=scores[0], rng=np.random.default_rng(1))

    assert [one.p_adjusted for one in found] == pytest.approx(list(theirs.pvalue), abs=2e-3)


@settings(max_examples=40)
@given(studies())
def test_an_exploratory_list_is_that_of_scipy(arms):
    found = decide(arms, "exploratory")
    assume(all(one.p is not None for one in found))
    adjusted = stats.false_discovery_control([one.p for one in found])

    assert [one.p_adjusted for one in found] == pytest.approx(list(adjusted))


def test_dunnett_finds_what_welch_with_holm_misses():
    """Few seeds each: five arms give the one error variance its degrees of freedom."""
    draws = np.random.default_rng(1).normal(0.7, 0.01, size=(6, 3))
    draws[1] += 0.03
    arms = [arm(str(i), row) for i, row in enumerate(draws.tolist())]

    assert decide(arms, "holm")[0].verdict is Verdict.UNDECIDED
    assert decide(arms, "dunnett")[0].verdict is Verdict.BETTER


def test_what_is_left_of_an_unstable_arm_is_no_measure_of_spread():
    steady = [arm("a", [0.70, 0.71, 0.72]), arm("b", [0.80, 0.81, 0.82])]
    wild = arm("c", [0.1, 0.9], {2: "diverged"})
    beside = decide([*steady, wild], "dunnett")

    assert beside[0].interval == decide(steady, "dunnett")[0].interval
    assert beside[1].verdict is Verdict.UNSTABLE
    assert beside[0].p_adjusted > decide(steady, "dunnett")[0].p_adjusted


@pytest.mark.parametrize(
    ("correction", "options"),
    [("dunnett", {"pairing": "paired"}), ("dunnett", {"pairing": "independent", "looks": (2, 3)}),
     ("exploratory", {"looks": (2, 3)})],
)  # fmt: skip
def test_a_correction_that_does_not_fit_the_design_is_refused(correction, options):
    with pytest.raises(ValueError, match=correction):
        contrasts([arm("a", [0.7, 0.8]), arm("b", [0.7, 0.9])], {}, 0.01, 0.05, correction=correction, **options)
