"""Step decay."""

from __future__ import annotations

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.registry import register


@register("schedule")
def step(steps_per_epoch: int, *, every: int, factor: float = 0.1) -> Schedule:
    """Multiply the learning rate by a factor every few epochs.

    Args:
        steps_per_epoch: of the training.
        every: epochs between two changes, at least 1.
        factor: above 0, at most 1.

    Raises InputError for values out of bounds.
    """
    check("schedule 'step'", Bound("every", every, at_least=1), Bound("factor", factor, above=0, at_most=1))
    return Fixed(lambda now: factor ** (now // (steps_per_epoch * every)))
