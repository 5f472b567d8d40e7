"""What the optimizer folder's parts return, where torch has no type for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(logits [batch, classes], labels [batch] or shares of the classes [batch, classes]) -> mean loss, a scalar."""


class Schedule(Protocol):
    """A learning-rate schedule: a factor on the recipe's learning rate for every step, counted from 0.

    Built from `(steps_per_epoch, epochs)`. A schedule that reacts to training keeps what it remembers in `state`.
    """

    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by at this step of the whole training."""

    def after_epoch(self, validation_top1: float) -> None:
        """Told once per epoch; most schedules do not care."""

    def state(self) -> dict[str, float]:
        """Everything it remembers, for a checkpoint; empty when it remembers nothing."""

    def restore(self, state: dict[str, float]) -> None:
        """Take back what `state` gave."""
