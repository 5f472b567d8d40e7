"""Several tests at once: Holm's step-down rule, Benjamini and Hochberg's for lists, and the level of each test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What a rule says about one hypothesis of the family.

    Attributes:
        p_adjusted: the smallest error rate of the rule at which it is rejected; None when it was not tested.
        level: at which its own p was compared: for Holm's rule alpha / (hypotheses not yet rejected when its turn
            came), and for all that were kept that of the first one kept. So an interval at confidence 1 - level
            excludes the hypothesis exactly when it is rejected.
        rejected: at the family's alpha.
    """

    p_adjusted: float | None
    level: float
    rejected: bool


def holm(p_values: Sequence[float | None], alpha: float) -> list[Step]:
    """Holm's sequentially rejective test (Holm 1979); family error rate at most alpha, whatever the dependence.

    Args:
        p_values: one per planned hypothesis, in any order; None for one that could not be tested, which is never
            rejected and still counts in the family.
        alpha: error rate of the whole family.
    """
    values = [1.0 if p is None else p for p in p_values]
    steps: dict[float, Step] = {}
    adjusted, level, going = 0.0, alpha, True
    for value in sorted(set(values)):
        left = sum(other >= value for other in values)
        adjusted = max(adjusted, min(1.0, left * value))
        if going:
            level, going = alpha / left, adjusted <= alpha
        steps[value] = Step(adjusted, level, going)
    return [Step(None, steps[1.0].level, False) if p is None else steps[p] for p in p_values]


def benjamini_hochberg(p_values: Sequence[float | None], alpha: float) -> list[Step]:
    """The step-up rule of Benjamini and Hochberg (1995): on average at most a share alpha of a list's finds is false.

    That is less than a family error rate promises, and holds for independent or positively dependent tests: for
    exploratory lists only. The level is alpha * rejections / tests, at which intervals cover the truth of all but a
    share alpha of the rejected (Benjamini and Yekutieli 2005).

    Args:
        p_values: as for `holm`.
        alpha: expected share of false ones among the rejected.
    """
    values = [1.0 if p is None else p for p in p_values]
    steps: dict[float, Step] = {}
    adjusted, rejected = 1.0, 0
    for value in sorted(set(values), reverse=True):
        up_to = sum(other <= value for other in values)
        adjusted = min(adjusted, len(values) / up_to * value)
        if adjusted <= alpha:
            rejected = max(rejected, up_to)
        steps[value] = Step(adjusted, 0.0, adjusted <= alpha)
    level = alpha * max(1, rejected) / max(1, len(values))
    return [
        Step(None if p is None else steps[p].p_adjusted, level, p is not None and steps[p].rejected) for p in p_values
    ]
