"""Reduce the learning rate when validation accuracy stops rising."""

from __future__ import annotations

from dataclasses import dataclass

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.warmup import warmed, warmup_bound
from ceteris.registry import register

SMALLEST_CHANGE = 1e-8
"""A smaller change of the learning rate is not made; torch's default."""


@register("schedule")
def plateau(
    steps_per_epoch: int,
    epochs: int,
    lr: float,
    *,
    factor: float = 0.1,
    patience: int = 2,
    threshold: float = 1e-4,
    cooldown: int = 0,
    min_lr: float = 0.0,
    warmup_epochs: float = 0.0,
) -> Schedule:
    """Multiply the learning rate by a factor when validation top-1 stops rising (as torch's ReduceLROnPlateau).

    Args:
        steps_per_epoch, epochs: of the training.
        lr: the recipe's learning rate.
        factor: above 0, below 1.
        patience: epochs without a rise that are borne; one more and the rate falls.
        threshold: a rise counts when it is above that share of the best so far.
        cooldown: epochs after a change in which none is counted.
        min_lr: the learning rate never falls below it; at most `lr`.
        warmup_epochs: first rise linearly for so long (Goyal et al. 2017); fewer than `epochs`. Its epochs count too.

    Raises InputError for values out of bounds.
    """
    check(
        "schedule 'plateau'",
        Bound("factor", factor, above=0, below=1),
        Bound("patience", patience, at_least=0),
        Bound("threshold", threshold, at_least=0),
        Bound("cooldown", cooldown, at_least=0),
        Bound("min_lr", min_lr, at_least=0, at_most=lr),
        warmup_bound(warmup_epochs, epochs),
    )
    reacting = _Plateau(lr, factor, patience, threshold, cooldown, min_lr)
    return warmed(reacting, warmup_epochs, steps_per_epoch)


@dataclass
class _Plateau:
    lr: float
    decay: float
    patience: int
    threshold: float
    cooldown: int
    min_lr: float

    def __post_init__(self) -> None:
        self.now = self.lr
        self.best = -1.0  # below any accuracy, and unlike minus infinity it can be written as JSON
        self.waited = 0
        self.cooling = 0

    def factor(self, step: int) -> float:
        return self.now / self.lr

    def after_epoch(self, validation_top1: float) -> None:
        if validation_top1 > self.best * (1 + self.threshold):
            self.best, self.waited = validation_top1, 0
        else:
            self.waited += 1
        if self.cooling > 0:
            self.cooling, self.waited = self.cooling - 1, 0
        if self.waited > self.patience:
            reduced = max(self.now * self.decay, self.min_lr)
            if self.now - reduced > SMALLEST_CHANGE:
                self.now = reduced
            self.cooling, self.waited = self.cooldown, 0

    def state(self) -> dict[str, float]:
        return {"now": self.now, "best": self.best, "waited": self.waited, "cooling": self.cooling}

    def restore(self, state: dict[str, float]) -> None:
        self.now, self.best = state["now"], state["best"]
        self.waited, self.cooling = int(state["waited"]), int(state["cooling"])
