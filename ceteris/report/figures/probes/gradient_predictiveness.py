"""How far a gradient can be trusted: losses and gradients met along it, arms overlaid as bands."""

from __future__ import annotations

import numpy as np

from ceteris.report.drawing import Drawing
from ceteris.report.evidence import ArmEvidence
from ceteris.report.exhibits import Seen
from ceteris.report.figures.series import Series, series_panel, thinned
from ceteris.report.numbers import large
from ceteris.report.words import Words
from ceteris.study.findings import Findings

MEASURES = {
    "loss_along": "probe.gradient-predictiveness.loss",
    "gradient_change": "probe.gradient-predictiveness.change",
}


def gradient_predictiveness(seen: Seen, words: Words) -> Drawing:
    """Lowest to highest loss, and smallest to largest change of the gradient, along it (Santurkar et al. 2018)."""
    bands = {measure: [_band(arm, found, measure) for arm, found in seen.arms] for measure in MEASURES}
    arms = [
        words(
            "probe.gradient-predictiveness.arm",
            arm=arm.name,
            width=large(_mean_width(found, "loss_along")),
            smoothness=large(_median([one.arrays["smoothness"] for one in found])),
        )
        for arm, found in seen.arms
    ]
    steps = words("probe.step")
    return Drawing(
        name=seen.name,
        panels=tuple(
            series_panel(bands[measure], x=steps, title=words(title), limits=_limits(bands[measure]))
            for measure, title in MEASURES.items()
        ),
        columns=2,
        caption=words("probe.gradient-predictiveness.caption", arms=words("list.arm").join(arms)),
        alt=words("probe.gradient-predictiveness.alt"),
        data=[
            {"arm": one.arm.name, "shown": measure, "step": float(step), "low": float(low), "high": float(high)}
            for measure, series in bands.items()
            for one in series
            for step, low, high in zip(one.x, one.low, one.high, strict=True)
        ],
    )


def _band(arm: ArmEvidence, found: list[Findings], measure: str) -> Series:
    """Ends of the band at each measured step, averaged over seeds as far as all of them go."""
    length = min(len(one.arrays["step"]) for one in found)
    along = np.array([one.arrays[measure][:length] for one in found])
    steps = found[0].arrays["step"][:length].astype(float)
    low, high = along.min(axis=2).mean(axis=0), along.max(axis=2).mean(axis=0)
    return Series(arm, thinned(steps), thinned(low), thinned(high))


def _limits(series: list[Series]) -> tuple[float, float]:
    """From 0 to what all but the highest 2 % of the bands' upper ends reach."""
    high = np.concatenate([one.high for one in series])
    alive = high[np.isfinite(high)]
    return 0.0, 1.1 * float(np.percentile(alive, 98)) if alive.size else 1.0


def _mean_width(found: list[Findings], measure: str) -> float:
    along = np.concatenate([one.arrays[measure] for one in found])
    alive = along[np.isfinite(along).all(axis=1)]
    return float(np.ptp(alive, axis=1).mean()) if alive.size else float("nan")


def _median(values: list[np.ndarray]) -> float:
    joined = np.concatenate(values)
    alive = joined[np.isfinite(joined)]
    return float(np.median(alive)) if alive.size else float("nan")
