"""Learning curves: loss and accuracy, training and validation, by epoch, by time and by arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ceteris.report.captions import learning_caption
from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.report.figures.labels import label_ends
from ceteris.report.palette import look
from ceteris.report.words import Words
from ceteris.study.paths import value_at
from ceteris.study.record import Epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = ("epoch", "seconds", "macs")
MEASURES = ("train_loss", "validation_loss", "train_top1", "validation_top1")
UNITS = {"epoch": 1.0, "seconds": 1.0, "macs": 1e-12}


@dataclass(frozen=True)
class Curve:
    """One trial's curves against one x axis; accuracies in percent, losses in nats, NaN where they broke."""

    arm: ArmEvidence
    trial: Trial
    x: Sequence[float]
    y: dict[str, list[float]]
    chosen: int


def learning(evidence: Evidence, words: Words, axis: str) -> Drawing | None:
    """Four panels on one shared x axis for all arms; None when no trial has an epoch.

    Args:
        evidence: what to draw.
        words: in which language.
        axis: "epoch", "seconds" (training only, summed) or "macs" (forward, over the training images seen).
    """
    curves = [curve for arm in evidence.arms for trial in arm.trials if (curve := _curve(arm, trial, axis))]
    if not curves:
        return None
    limits = {measure: _range(curves, measure) for measure in MEASURES}
    panels = []
    for measure in MEASURES:
        panels.append(_panel(evidence, curves, measure, limits[measure], axis=axis, words=words))
    floor = limits["validation_top1"][0]
    return Drawing(
        name=f"learning-by-{axis}",
        panels=tuple(panels),
        columns=2,
        caption=learning_caption(evidence, words, floor),
        alt=words("learning.alt", axis=words(f"axis.{axis}")),
        data=[row for curve in curves for row in _rows(curve, axis)],
    )


def training_images(arm: ArmEvidence) -> int:
    """Images trained on in one epoch: what the validation split leaves."""
    split = value_at(arm.planned.recipe, "split") or {}
    images: int = min(split.get("train_images") or arm.planned.data.train_images, arm.planned.data.train_images)
    return round(images * (1 - float(split.get("validation", 0.0))))


def _curve(arm: ArmEvidence, trial: Trial, axis: str) -> Curve | None:
    epochs = trial.record.epochs if trial.record else ()
    if not epochs or trial.record is None:
        return None
    macs = training_images(arm) * arm.planned.model.macs_while_training * UNITS["macs"]
    x: dict[str, list[float]] = {
        "epoch": [epoch.epoch for epoch in epochs],
        "seconds": list(accumulate(epoch.seconds for epoch in epochs)),
        "macs": [epoch.epoch * macs for epoch in epochs],
    }
    y = {measure: [_value(epoch, measure) for epoch in epochs] for measure in MEASURES}
    places = [place for place, epoch in enumerate(epochs) if epoch.epoch == trial.record.chosen_epoch]
    return Curve(arm, trial, x[axis], y, places[0] if places else -1)


def _value(epoch: Epoch, measure: str) -> float:
    value = float(getattr(epoch, measure))
    if not math.isfinite(value):
        return math.nan
    return 100 * value if measure.endswith("top1") else value


def _range(curves: Sequence[Curve], measure: str) -> tuple[float, float]:
    """Limits of y, shared by training and validation: loss from 0 to above where training starts, accuracy from a ten.

    A validation loss may be many times that after the first epoch, and would press all else to the floor.
    """
    kind = measure.rpartition("_")[2]
    both = [v for c in curves for name in c.y if name.endswith(kind) for v in c.y[name] if math.isfinite(v)]
    if not both:
        return (0.0, 1.0)
    if kind == "top1":
        return (10 * math.floor(min(both) / 10), min(102.0, 10 * math.ceil(max(both) / 10 + 0.1)))
    starts = [v for curve in curves for v in curve.y["train_loss"][:1] if math.isfinite(v)]
    usual = 1.3 * max(starts, default=1.0)
    return (0.0, 1.05 * min(max(both), usual) or 1.0)


def _panel(
    evidence: Evidence, curves: Sequence[Curve], measure: str, ends: tuple[float, float], *, axis: str, words: Words
) -> Panel:
    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.set_ylim(*ends)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=axis == "epoch"))
        right = max(x for curve in curves for x in curve.x)
        axes.set_xlim(0, right * 1.02)
        tips = []
        for arm in evidence.arms:
            mine = [curve for curve in curves if curve.arm is arm]
            if mine:
                tips.append(_draw_arm(axes, arm, mine, measure))
        label_ends(axes, [tip for tip in tips if tip], ends)
        axes.set_xlabel(words(f"axis.{axis}"))

    return Panel(4.55, 2.75, (0.42, 1.25, 0.5, 0.32), draw, words(f"measure.{measure}"))


def _draw_arm(axes: Axes, arm: ArmEvidence, curves: Sequence[Curve], measure: str) -> tuple[float, ArmEvidence] | None:
    import numpy as np

    drawn = look(arm.index)
    for curve in curves:
        axes.plot(curve.x, curve.y[measure], color=drawn.colour, linewidth=0.6, alpha=0.45)
        if curve.chosen >= 0:
            at = (curve.x[curve.chosen], curve.y[measure][curve.chosen])
            axes.plot(*at, drawn.marker, color=drawn.colour, markersize=3.6, markeredgewidth=0)
    length = min(len(curve.x) for curve in curves)
    x = np.array([curve.x[:length] for curve in curves]).mean(axis=0)
    y = np.array([curve.y[measure][:length] for curve in curves])
    if len(curves) > 1:
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=drawn.colour, alpha=0.13, linewidth=0)
    axes.plot(x, y.mean(axis=0), color=drawn.colour, linewidth=1.9, linestyle=drawn.linestyle)
    last = [alive[-1] for curve in curves if (alive := [v for v in curve.y[measure] if math.isfinite(v)])]
    return (float(np.mean(last)), arm) if last else None


def _rows(curve: Curve, axis: str) -> list[dict[str, Any]]:
    record = curve.trial.record
    return [
        {
            "arm": curve.arm.name,
            "seed": curve.trial.seed,
            "key": curve.trial.planned.key,
            "status": curve.trial.status,
            axis: x * (1 / UNITS[axis]) if axis == "macs" else x,
            **{measure: getattr(epoch, measure) for measure in MEASURES},
            "chosen": place == curve.chosen,
        }
        for place, (x, epoch) in enumerate(zip(curve.x, record.epochs if record else (), strict=True))
    ]
