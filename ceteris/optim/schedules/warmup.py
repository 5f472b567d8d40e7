"""Warm-up: the learning rate rises linearly at the start of training (Goyal et al. 2017, section 2.2)."""

from __future__ import annotations

from ceteris.optim.bounds import Bound
from ceteris.optim.kind import Schedule


def warmup_bound(warmup_epochs: float, epochs: int) -> Bound:
    """The one rule for `warmup_epochs`: 0 to fewer than all epochs."""
    return Bound("warmup_epochs", warmup_epochs, at_least=0, below=epochs)


def rise(step: int, steps: int) -> float:
    """The factor of a warm-up of so many steps: (step + 1) / (steps + 1) during it, 1 after it."""
    return min((step + 1) / (steps + 1), 1.0)


class Warmed:
    """A schedule whose factors are multiplied by the rise of a warm-up; its own course is not moved."""

    def __init__(self, schedule: Schedule, steps: int) -> None:
        self._schedule, self._steps = schedule, steps
        self.after_epoch, self.state, self.restore = schedule.after_epoch, schedule.state, schedule.restore

    def factor(self, step: int) -> float:
        return rise(step, self._steps) * self._schedule.factor(step)


def warmed(schedule: Schedule, warmup_epochs: float, steps_per_epoch: int) -> Schedule:
    """The schedule after a warm-up of so many epochs, rounded to whole steps."""
    return Warmed(schedule, round(warmup_epochs * steps_per_epoch))
