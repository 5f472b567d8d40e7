"""Step decay."""

from __future__ import annotations

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.optim.schedules.warmup import warmed, warmup_bound
from ceteris.registry import register


@register("schedule")
def step(steps_per_epoch: int, epochs: int, *, every: int, factor: float = 0.1, warmup_epochs: float = 0.0) -> Schedule:
    """Multiply the learning rate by a factor every few epochs.

    Args:
        steps_per_epoch, epochs: of the training.
        every: epochs between two changes, at least 1, counted from the start of training.
        factor: above 0, at most 1.
        warmup_epochs: first rise linearly for so long (Goyal et al. 2017); fewer than `epochs`.

    Raises InputError for values out of bounds.
    """
    check(
        "schedule 'step'",
        Bound("every", every, at_least=1),
        Bound("factor", factor, above=0, at_most=1),
        warmup_bound(warmup_epochs, epochs),
    )
    steps = Fixed(lambda now: factor ** (now // (steps_per_epoch * every)))
    return warmed(steps, warmup_epochs, steps_per_epoch)
