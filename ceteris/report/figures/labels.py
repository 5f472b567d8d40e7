"""Names at the ends of lines, at the height of each end or as near as no two of them overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ceteris.report.evidence import ArmEvidence
from ceteris.report.palette import look, told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

LINE = 0.085
"""Height of a name as a share of the axes of a panel of usual height."""
ROOM = 1.17
"""Inches beside a panel for a name."""
MOST_COLUMNS, LEAST_COLUMNS = 15, 6
"""Of a name."""


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
    for columns in range(MOST_COLUMNS, LEAST_COLUMNS - 1, -1):
        names = told_apart([arm.name for _, arm in placed], columns)
        drawn = [_name(axes, names[arm.name], arm, height) for (_, arm), height in zip(placed, heights, strict=True)]
        if columns == LEAST_COLUMNS or all(map(_fits, drawn)):
            break
        for text in drawn:
            text.remove()


def _name(axes: Axes, name: str, arm: ArmEvidence, height: float) -> Text:
    style: dict[str, Any] = {"fontsize": 8, "color": look(arm.index).colour, "weight": "bold"}
    return axes.text(1.02, height, name, transform=axes.transAxes, va="center", **style)


def _fits(text: Text) -> bool:
    """Whether its letters, which are not equally wide, have room."""
    figure = text.figure
    return figure is None or text.get_window_extent().width <= ROOM * figure.dpi


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
