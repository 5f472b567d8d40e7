"""No schedule but a warm-up, if asked."""

from __future__ import annotations

from ceteris.optim.bounds import check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.optim.schedules.warmup import warmed, warmup_bound
from ceteris.registry import register


@register("schedule")
def constant(steps_per_epoch: int, epochs: int, *, warmup_epochs: float = 0.0) -> Schedule:
    """The recipe's learning rate throughout.

    Args:
        steps_per_epoch, epochs: of the training.
        warmup_epochs: first rise linearly for so long (Goyal et al. 2017); fewer than `epochs`.

    Raises InputError for values out of bounds.
    """
    check("schedule 'constant'", warmup_bound(warmup_epochs, epochs))
    return warmed(Fixed(lambda step: 1.0), warmup_epochs, steps_per_epoch)
