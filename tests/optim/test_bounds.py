"""Bounds in words."""

import math

import pytest

from ceteris.errors import InputError
from ceteris.optim.bounds import Bound, check


@pytest.mark.parametrize(
    ("bound", "rule"),
    [
        (Bound("x", 0.0, above=0), "above 0"),
        (Bound("x", 1e-300, above=0), ""),
        (Bound("x", -1, at_least=0), "at least 0"),
        (Bound("x", 0, at_least=0), ""),
        (Bound("x", 1.0, below=1), "below 1"),
        (Bound("x", 1.0, at_most=1), ""),
        (Bound("x", 1.5, at_least=0, at_most=1.25), "at most 1.25"),
        (Bound("x", math.nan), "a finite number"),
        (Bound("x", -math.inf, below=0), "a finite number"),
    ],
)
def test_the_broken_rule_is_named(bound, rule):
    assert bound.broken() == rule


def test_every_broken_bound_is_told_and_none_that_holds():
    with pytest.raises(InputError) as refused:
        check("loss 'x'", Bound("a", 2, below=1), Bound("b", 0.5, below=1), Bound("c", 3, at_most=2))
    assert [str(problem) for problem in refused.value.problems] == [
        "a: loss 'x': a must be below 1, not 2",
        "c: loss 'x': c must be at most 2, not 3",
    ]
