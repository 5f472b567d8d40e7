"""Straight up to the learning rate, straight down again."""

from __future__ import annotations

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.registry import register


@register("schedule")
def triangle(
    steps_per_epoch: int, epochs: int, *, rise: float = 0.23, start: float = 0.2, final: float = 0.07
) -> Schedule:
    """A straight line up to the learning rate and one down (Page 2019, "How to train your ResNet"; slanted as there).

    Args:
        steps_per_epoch, epochs: of the training.
        rise: share of all steps on the way up, above 0, below 1.
        start: where the way up begins, as a share of the learning rate, 0 to 1.
        final: where the way down would end, a step after the last, as a share of the learning rate, 0 to 1.

    Raises InputError for values out of bounds.
    """
    check(
        "schedule 'triangle'",
        Bound("rise", rise, above=0, below=1),
        Bound("start", start, at_least=0, at_most=1),
        Bound("final", final, at_least=0, at_most=1),
    )
    steps = steps_per_epoch * epochs
    top = int(rise * steps)

    def factor(step: int) -> float:
        if step < top:
            return start + (1 - start) * step / top
        return 1 + (final - 1) * (step - top) / (steps - top)

    return Fixed(factor)
