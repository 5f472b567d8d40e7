"""The habit of printing the best test epoch, measured on sealed test predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.stats.metrics import optimism


@dataclass(frozen=True)
class Habit:
    """One arm's means over its trials, as fractions.

    Attributes:
        trials: each with its accuracy at the chosen epoch, at its best test epoch, and the optimism of that choice.
        chosen, best, extra: the means of these three.
    """

    arm: ArmEvidence
    trials: tuple[tuple[Trial, float, float, float], ...]

    @property
    def chosen(self) -> float:
        return sum(row[1] for row in self.trials) / len(self.trials)

    @property
    def best(self) -> float:
        return sum(row[2] for row in self.trials) / len(self.trials)

    @property
    def extra(self) -> float:
        return sum(row[3] for row in self.trials) / len(self.trials)


def habits(evidence: Evidence) -> list[Habit]:
    """Every arm that kept sealed test predictions."""
    found = []
    for arm in evidence.arms:
        rows = tuple(row for trial in arm.scored if (row := _measured(trial)))
        if rows:
            found.append(Habit(arm, rows))
    return found


def _measured(trial: Trial) -> tuple[Trial, float, float, float] | None:
    record = trial.record
    if record is None or "sealed_predicted" not in record.predictions or not record.chosen_epoch:
        return None
    correct = np.asarray(record.predictions["sealed_predicted"]) == np.asarray(record.predictions["labels"])
    by_epoch = correct.mean(axis=1)
    if len(by_epoch) < record.chosen_epoch:
        return None
    return trial, float(by_epoch[record.chosen_epoch - 1]), float(by_epoch.max()), float(optimism(correct))
