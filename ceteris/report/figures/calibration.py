"""Whether the networks' confidence can be believed: a reliability diagram, and its numbers in a small table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.figures.labels import label_ends
from ceteris.report.numbers import percent, points
from ceteris.report.palette import MUTED, look
from ceteris.report.tables import Cell, Table, arm_cell
from ceteris.report.words import Words
from ceteris.stats.calibration import Reliability, brier, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Predictions = tuple[np.ndarray, np.ndarray]
"""Logits [n, classes] and labels [n]."""


@dataclass(frozen=True)
class Calibration:
    """One arm's test predictions, of each scored trial."""

    arm: ArmEvidence
    trials: tuple[Predictions, ...]

    @cached_property
    def pooled(self) -> Reliability:
        """Of all trials together."""
        logits, labels = (np.concatenate(parts) for parts in zip(*self.trials, strict=True))
        return reliability(logits, labels)

    @cached_property
    def ece(self) -> float:
        """Mean over trials of the expected calibration error."""
        return float(np.mean([reliability(*trial).ece for trial in self.trials]))

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy, over all images."""
        used, of = self.pooled.count > 0, self.pooled
        return float(np.average((of.confidence - of.accuracy)[used], weights=of.count[used]))


def calibrations(evidence: Evidence) -> list[Calibration]:
    """The arms with test predictions, in the plan's order."""
    found = []
    for arm in evidence.arms:
        arrays = [trial.record.predictions for trial in arm.scored if trial.record]
        trials = tuple((a["logits"], a["labels"].astype(int)) for a in arrays if "logits" in a and len(a["labels"]))
        if trials:
            found.append(Calibration(arm, trials))
    return found


def calibration(found: list[Calibration], name: str, words: Words) -> Drawing | None:
    """Accuracy by confidence in 15 bins, all arms on one diagram (Guo et al. 2017); None without predictions."""
    if not found:
        return None
    arms = [
        words("probe.calibration.arm", arm=one.arm.name, ece=percent(one.ece), over=points(one.overconfidence))
        for one in found
    ]

    def draw(axes: Axes) -> None:
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        for one in found:
            drawn, used = look(one.arm.index), one.pooled.count > 0
            line = {"color": drawn.colour, "linestyle": drawn.linestyle, "marker": drawn.marker, "markersize": 4.0}
            axes.plot(one.pooled.confidence[used], one.pooled.accuracy[used], linewidth=1.6, **line)  # type: ignore[arg-type]
        tips = [(float(one.pooled.accuracy[one.pooled.count > 0][-1]), one.arm) for one in found]
        label_ends(axes, tips, (0.0, 1.0))
        axes.set_xlabel(words("probe.calibration.confidence"))
        axes.set_ylabel(words("probe.calibration.accuracy"))

    return Drawing(
        name=name,
        panels=(Panel(4.9, 3.7, (0.6, 1.25, 0.5, 0.15), draw),),
        columns=1,
        caption=words("probe.calibration.caption", arms=words("list.arm").join(arms)),
        alt=words("probe.calibration.alt"),
        data=[
            {"arm": one.arm.name, "from": low, "to": high, "images": int(count), "confidence": mean, "accuracy": right}
            for one in found
            for low, high, count, mean, right in zip(
                *(one.pooled.edges[:-1].tolist(), one.pooled.edges[1:].tolist(), one.pooled.count.tolist()),
                *(one.pooled.confidence.tolist(), one.pooled.accuracy.tolist()),
                strict=True,
            )
        ],
    )


def calibration_table(found: list[Calibration], name: str, words: Words) -> Table:
    """ECE, Brier score and log loss, means over trials."""
    rows = []
    for one in found:
        scores = [trial.record.metrics["nll"] for trial in one.arm.scored if trial.record]
        squares = float(np.mean([brier(*trial) for trial in one.trials]))
        cells = (percent(one.ece), f"{squares:.4f}", f"{float(np.mean(scores)):.4f}", str(len(one.trials)))
        rows.append((arm_cell(one.arm), *map(Cell, cells)))
    headings = ("ECE, %", words("probe.calibration.brier"), words("metric.nll"), words("page.n"))
    return Table(name, words("probe_title.calibration"), (words("page.arm"), *headings), tuple(rows))
