"""Curves of arms on shared axes: a line for the middle, a band around it, the name at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import Panel
from ceteris.report.evidence import ArmEvidence
from ceteris.report.figures.labels import label_ends
from ceteris.report.palette import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 300
"""Of one curve; longer ones are averaged piece by piece."""


@dataclass(frozen=True)
class Series:
    """One arm's band and, unless it is a band only, the line in it; all float64 [n]."""

    arm: ArmEvidence
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    middle: np.ndarray | None = None


def over_seeds(arm: ArmEvidence, x: np.ndarray, rows: Sequence[np.ndarray]) -> Series:
    """Mean and range over seeds, as far as the shortest of the rows [n] goes."""
    length = min(len(x), *(len(row) for row in rows))
    stacked = np.array([row[:length] for row in rows], np.float64)
    return Series(arm, np.asarray(x)[:length], stacked.min(axis=0), stacked.max(axis=0), stacked.mean(axis=0))


def thinned(values: np.ndarray) -> np.ndarray:
    """At most MOST_POINTS means of equally long pieces [n]; numbers that are not finite stay so."""
    pieces = np.array_split(values, min(len(values), MOST_POINTS))
    return np.array([piece.mean() for piece in pieces])


def finite_range(series: Sequence[Series], *, log: bool) -> tuple[float, float]:
    """Ends of an axis that holds every finite number of the series; above 0 where the axis is logarithmic."""
    seen = np.concatenate([np.concatenate([one.low, one.high]) for one in series])
    seen = seen[np.isfinite(seen) & (seen > (0 if log else -np.inf))]
    if not seen.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(seen.min()), float(seen.max())
    if log:
        return low / 1.3, high * 1.3
    room = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    return low - room, high + room


def series_panel(
    series: Sequence[Series],
    *,
    x: str,
    title: str,
    limits: tuple[float, float] | None = None,
    log: str = "",
) -> Panel:
    """The series overlaid.

    Args:
        series: arms in the plan's order.
        x: title of the horizontal axis.
        title: what is on the vertical one.
        limits: of the vertical axis; all that is finite when None.
        log: axes that are logarithmic: "", "x", "y" or "xy".
    """
    ends = limits or finite_range(series, log="y" in log)

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        if "x" not in log:
            axes.xaxis.set_major_locator(MaxNLocator(7, integer=bool((series[0].x % 1 == 0).all())))
        else:
            axes.set_xscale("log", base=2)
            axes.set_xticks(series[0].x, [f"{number:g}" for number in series[0].x])
        if "y" in log:
            log_scale(axes, ends)
        axes.set_ylim(*ends)
        for one in series:
            _draw(axes, one, ends)
        tips = [(tip, one.arm) for one in series if (tip := _last(one)) is not None]
        label_ends(axes, tips, ends)
        axes.set_xlabel(x)

    return Panel(4.55, 2.75, (0.55, 1.25, 0.5, 0.32), draw, title)


def log_scale(axes: Axes, ends: tuple[float, float]) -> None:
    """A logarithmic vertical axis between those ends with plain numbers: the drawing's style writes no mathematics."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    subs = (1.0, 2.0, 5.0) if ends[1] / ends[0] < 200 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axes.set_ylim(*ends)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw(axes: Axes, one: Series, ends: tuple[float, float]) -> None:
    drawn = look(one.arm.index)
    low, high = (np.where(np.isposinf(side), ends[1], side) for side in (one.low, one.high))
    faint: dict[str, Any] = {"color": drawn.colour, "linewidth": 0.8, "linestyle": drawn.linestyle}
    if one.middle is None:
        axes.fill_between(one.x, low, high, color=drawn.colour, alpha=0.28, linewidth=0)
        for side in (low, high):
            axes.plot(one.x, side, **faint)
        return
    axes.fill_between(one.x, low, high, color=drawn.colour, alpha=0.15, linewidth=0)
    marker = drawn.marker if len(one.x) <= 12 else ""
    axes.plot(one.x, one.middle, color=drawn.colour, linewidth=1.9, linestyle=drawn.linestyle, marker=marker)


def _last(one: Series) -> float | None:
    middle = (one.low + one.high) / 2 if one.middle is None else one.middle
    alive = middle[np.isfinite(middle)]
    return float(alive[-1]) if alive.size else None
