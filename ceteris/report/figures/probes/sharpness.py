"""Curvature at the trained weights: the largest Hessian eigenvalue and the trace, per arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.exhibits import Seen
from ceteris.report.numbers import large
from ceteris.report.palette import columns_of, look, shortened
from ceteris.report.sentences import level
from ceteris.report.words import Words
from ceteris.stats.intervals import mean_interval
from ceteris.study.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES: Mapping[str, Callable[[Findings], float]] = {
    "eigenvalue": lambda findings: float(findings.arrays["eigenvalues"][0]),
    "trace": lambda findings: float(findings.values["trace"]),
}
AXES = {"eigenvalue": "probe.sharpness.eigenvalue", "trace": "probe.sharpness.trace"}


def sharpness(seen: Seen, words: Words) -> Drawing:
    """One panel for the largest eigenvalue and one for the trace; a row per arm, a tick per seed."""
    alpha = seen.evidence.plan.study.alpha
    arms = [
        words("probe.sharpness.arm", arm=arm.name, eigenvalue=large(float(np.mean(values))))
        for arm, values in ((arm, [MEASURES["eigenvalue"](one) for one in found]) for arm, found in seen.arms)
    ]
    return Drawing(
        name=seen.name,
        panels=tuple(_panel(seen, measure, words) for measure in MEASURES),
        columns=2,
        caption=words("probe.sharpness.caption", arms=words("list.arm").join(arms), level=level(alpha)),
        alt=words("probe.sharpness.alt"),
        data=[
            {"arm": arm, "seed": seed} | {measure: of(findings) for measure, of in MEASURES.items()}
            for arm, found in seen.found.items()
            for seed, findings in found.items()
        ],
    )


def _panel(seen: Seen, measure: str, words: Words) -> Panel:
    values = [(arm, [MEASURES[measure](one) for one in found]) for arm, found in seen.arms]
    left = 0.3 + max(columns_of(shortened(arm.name, 18)) for arm, _ in values) * INCHES_PER_COLUMN

    def draw(axes: Axes) -> None:
        axes.set_ylim(len(values) - 0.4, -0.6)
        axes.set_yticks([])
        axes.grid(visible=False, axis="y")
        for row, (arm, singles) in enumerate(values):
            drawn = look(arm.index)
            for single in singles:
                axes.plot([single] * 2, [row + 0.14, row + 0.3], color=drawn.colour, linewidth=1.1)
            if interval := mean_interval(singles, seen.evidence.plan.study.alpha):
                axes.plot(interval, [row, row], color=drawn.colour, linewidth=2)
            axes.plot([np.mean(singles)], [row], drawn.marker, color=drawn.colour, markersize=7)
            across = axes.get_yaxis_transform()
            style = {"transform": across, "ha": "right", "va": "center", "color": drawn.colour, "weight": "bold"}
            axes.text(-0.03, row, shortened(arm.name, 18), **style)  # type: ignore[arg-type]
        axes.set_xlabel(words(AXES[measure]))

    return Panel(left + 3.0, 0.42 * len(values) + 0.75, (left, 0.2, 0.55, 0.15), draw)
