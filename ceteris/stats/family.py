"""Several tests at once: Holm's step-down rule, and the level at which it tested each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What Holm's rule says about one hypothesis of the family.

    Attributes:
        p_adjusted: the smallest family error rate at which it is rejected; None when it was not tested.
        level: alpha / (hypotheses not yet rejected when its turn came); for all that were kept, that of the first one
            kept. So an interval at confidence 1 - level excludes the hypothesis exactly when it is rejected.
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
