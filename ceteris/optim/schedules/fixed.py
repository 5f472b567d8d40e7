"""Schedules that are decided before training: a function of the step."""

from __future__ import annotations

from collections.abc import Callable


class Fixed:
    """A schedule that remembers nothing. `function` gives the factor of a step, counted from 0."""

    def __init__(self, function: Callable[[int], float]) -> None:
        self.factor = function

    def after_epoch(self, validation_top1: float) -> None:
        """Nothing that happens in training matters."""

    def state(self) -> dict[str, float]:
        return {}

    def restore(self, state: dict[str, float]) -> None:
        """There is nothing to take back."""
