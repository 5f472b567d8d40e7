"""The habit of printing the best test epoch, measured on sealed test predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.stats.metrics import optimism


@dataclass(frozen=True)
class Curve:
    """One trial's sealed test curve, opened: accuracies as fractions.

    Attributes:
        chosen: at the epoch chosen on validation.
        best: at the best test epoch.
        last: at the last epoch.
        optimism: of choosing the epoch on the test images.
    """

    trial: Trial
    chosen: float
    best: float
    last: float
    optimism: float


@dataclass(frozen=True)
class Habit:
    """One arm's curves, one per trial that kept it."""

    arm: ArmEvidence
    curves: tuple[Curve, ...]

    @property
    def chosen(self) -> float:
        return self.mean("chosen")

    @property
    def best(self) -> float:
        return self.mean("best")

    def mean(self, of: Literal["chosen", "best", "last", "optimism"]) -> float:
        """Over the trials, as a fraction."""
        return float(np.mean([getattr(curve, of) for curve in self.curves]))


def habits(evidence: Evidence) -> list[Habit]:
    """Every arm that kept sealed test predictions."""
    found = []
    for arm in evidence.arms:
        curves = tuple(curve for trial in arm.scored if (curve := _opened(trial)))
        if curves:
            found.append(Habit(arm, curves))
    return found


def _opened(trial: Trial) -> Curve | None:
    record = trial.record
    if record is None or "sealed_predicted" not in record.predictions or not record.chosen_epoch:
        return None
    correct = np.asarray(record.predictions["sealed_predicted"]) == np.asarray(record.predictions["labels"])
    by_epoch = correct.mean(axis=1)
    if len(by_epoch) < record.chosen_epoch:
        return None
    chosen, best, last = (float(by_epoch[place]) for place in (record.chosen_epoch - 1, by_epoch.argmax(), -1))
    return Curve(trial, chosen, best, last, float(optimism(correct)))
