"""Names at the ends of lines, at the height of each end or as near as no two of them overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ceteris.report.evidence import ArmEvidence
from ceteris.report.palette import look, told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 0.085
"""Height of a name as a share of the axes of a panel of usual height."""


def label_ends(axes: Axes, ends: Sequence[tuple[float, ArmEvidence]], limits: tuple[float, float]) -> None:
    """Arms' names at the right edge, none above or below the axes, where the next panel begins.

    Args:
        axes: their vertical scale is set already.
        ends: value of each line's end, and its arm.
        limits: of the vertical axis.
    """
    low, high = (math.log(end) if axes.get_yscale() == "log" else end for end in limits)
    placed = []
    for value, arm in ends:
        inside = min(max(value, limits[0]), limits[1])
        height = ((math.log(inside) if axes.get_yscale() == "log" else inside) - low) / (high - low)
        placed.append((height, arm))
    placed.sort(key=lambda end: (end[0], end[1].index))
    step = min(LINE, 1 / max(1, len(placed)))
    heights = kept_inside(apart([height for height, _ in placed], step), step)
    names = told_apart([arm.name for _, arm in placed], 15)
    for (_, arm), height in zip(placed, heights, strict=True):
        style: dict[str, Any] = {"fontsize": 8, "color": look(arm.index).colour, "weight": "bold"}
        axes.text(1.02, height, names[arm.name], transform=axes.transAxes, va="center", **style)


def apart(heights: Sequence[float], step: float) -> list[float]:
    """Rising heights moved as little as it takes to be `step` apart: groups that touch spread about their mean."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], step) < _bottom(groups[-2], step) + len(groups[-2]) * step:
            last = groups.pop()
            groups[-1] += last
    return [_bottom(group, step) + place * step for group in groups for place in range(len(group))]


def _bottom(group: Sequence[float], step: float) -> float:
    return sum(group) / len(group) - (len(group) - 1) * step / 2


def kept_inside(heights: Sequence[float], step: float) -> list[float]:
    """Rising heights at least `step` apart, moved into 0 to 1, where all of them have room."""
    inside = [max(height, place * step) for place, height in enumerate(heights)]
    return [min(height, 1 - place * step) for place, height in zip(reversed(range(len(inside))), inside, strict=True)]
