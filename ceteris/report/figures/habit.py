"""What "best test epoch" would have printed: the sealed test curve, opened only here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ceteris.report.captions import habit_caption
from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.numbers import points
from ceteris.report.optimism import Habit
from ceteris.report.palette import columns_of, look, shortened
from ceteris.report.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.42


def habit(found: Sequence[Habit], words: Words) -> Drawing | None:
    """Per arm: the accuracy at the validation-chosen epoch and at the best test epoch; None without sealed curves."""
    if not found:
        return None
    label = max(columns_of(shortened(one.arm.name, 26)) for one in found)
    left = 0.3 + label * INCHES_PER_COLUMN
    margins = (left, 1.0, 0.5, 0.35)

    def draw(axes: Axes) -> None:
        _draw(axes, found, words)

    return Drawing(
        name="best-test-epoch",
        panels=(Panel(left + 4.2, ROW * len(found) + 0.95, margins, draw, words("habit.key"), "normal"),),
        columns=1,
        caption=habit_caption(found, words),
        alt=words("habit.alt"),
        data=[
            {
                "arm": one.arm.name,
                "seed": curve.trial.seed,
                "key": curve.trial.planned.key,
                "chosen": curve.chosen,
                "best_test_epoch": curve.best,
                "last": curve.last,
                "optimism": curve.optimism,
            }
            for one in found
            for curve in one.curves
        ],
    )


def _draw(axes: Axes, found: Sequence[Habit], words: Words) -> None:
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_yticks(range(len(found)), [shortened(one.arm.name, 26) for one in found])
    axes.grid(visible=False, axis="y")
    across = axes.get_yaxis_transform()
    for place, one in enumerate(found):
        drawn = look(one.arm.index)
        axes.plot([100 * one.chosen, 100 * one.best], [place, place], color=drawn.colour, linewidth=2)
        axes.plot([100 * one.chosen], [place], drawn.marker, color=drawn.colour, markersize=7)
        axes.plot([100 * one.best], [place], "|", color=drawn.colour, markersize=12, markeredgewidth=2)
        text = f"{points(one.best - one.chosen)} pp"
        axes.text(1.03, place, text, transform=across, va="center", weight="bold")
    axes.set_xlabel(words("habit.axis"))
