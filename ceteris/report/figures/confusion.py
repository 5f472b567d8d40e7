"""The baseline's confusion matrix, and what each arm changes in it; cells that seeds leave open are faded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.captions import confusion_caption
from ceteris.report.confusions import Confusions
from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.palette import BETTER, INK, WORSE, columns_of, shortened, told_apart
from ceteris.report.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CLASSES = 20
"""Beyond it a matrix can no longer be read; the page then shows the most confused pairs only."""
MOST_ARMS = 6
"""Beyond it the full matrices of all arms would fill pages; their differences from the baseline are always drawn."""
FADED = 0.22


def confusion(found: Confusions, words: Words) -> Drawing | None:
    """Shares of each true class (rows) given each class (columns); None beyond MOST_CLASSES, or without predictions."""
    evidence, classes = found.evidence, found.classes
    baseline = found.mean(evidence.baseline)
    if len(classes) > MOST_CLASSES or baseline is None:
        return None
    panels = [
        _panel(words("confusion.baseline", arm=shortened(evidence.baseline.name, 20)), baseline, None, classes, words)
    ]
    data = _rows(evidence.baseline.name, baseline, None, classes)
    names = told_apart([arm.name for arm in evidence.arms[1:]], 14)
    for arm in evidence.arms[1:]:
        changed = found.difference(arm)
        if changed is not None:
            title = words("confusion.difference", arm=names[arm.name], baseline=shortened(evidence.baseline.name, 12))
            panels.append(_panel(title, changed[0], changed[1], classes, words))
            data += _rows(arm.name, *changed, classes)
    return Drawing(
        name="confusion",
        panels=tuple(panels),
        columns=2,
        caption=confusion_caption(found, words),
        alt=words("confusion.alt", baseline=evidence.baseline.name),
        data=data,
    )


def confusion_of_each(found: Confusions, words: Words) -> Drawing | None:
    """The full matrix of every arm but the baseline; None for more than MOST_ARMS of them or beyond MOST_CLASSES."""
    means = {arm.name: found.mean(arm) for arm in found.evidence.arms[1:]}
    known = {name: mean for name, mean in means.items() if mean is not None}
    if not 0 < len(known) <= MOST_ARMS or len(found.classes) > MOST_CLASSES:
        return None
    panels = [
        _panel(words("confusion.baseline", arm=shortened(name, 20)), mean, None, found.classes, words)
        for name, mean in known.items()
    ]
    return Drawing(
        name="confusion-of-each",
        panels=tuple(panels),
        columns=2,
        caption=words("confusion.each", arms=words.listed(list(known))),
        alt=words("confusion.each", arms=words.listed(list(known))),
        data=[row for name, mean in known.items() for row in _rows(name, mean, None, found.classes)],
    )


def _panel(title: str, values: np.ndarray, certain: np.ndarray | None, classes: Sequence[str], words: Words) -> Panel:
    labels = [shortened(name, 12) for name in classes]
    side = 0.2 + max(columns_of(label) for label in labels) * INCHES_PER_COLUMN * 0.85
    inner = max(3.0, 0.3 * len(classes))

    def draw(axes: Axes) -> None:
        _cells(axes, values, certain)
        places = [place + 0.5 for place in range(len(classes))]
        axes.set_xticks(places, labels, rotation=90, fontsize=8)
        axes.set_yticks(places, labels, fontsize=8)
        axes.set_xlabel(words("confusion.predicted"))
        axes.set_ylabel(words("confusion.label"))

    return Panel(
        inner + side + 0.35, inner + side + 0.65, (side + 0.25, 0.1, side + 0.3, 0.35), draw, shortened(title, 44)
    )


def _cells(axes: Axes, values: np.ndarray, certain: np.ndarray | None) -> None:
    """One square per cell, its colour's strength the value's; percent written in those worth reading."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    n = len(values)
    axes.set_xlim(0, n)
    axes.set_ylim(n, 0)
    axes.grid(visible=False)
    largest = 1.0 if certain is None else float(np.abs(values).max()) or 1.0
    squares, colours = [], []
    for row, column in np.ndindex(values.shape):
        value, strength = float(values[row, column]), abs(float(values[row, column])) / largest
        if certain is not None and not certain[row, column]:
            strength *= FADED
        good = certain is None or (value > 0) == (row == column)
        squares.append(Rectangle((column + 0.02, row + 0.02), 0.96, 0.96))
        colours.append((*to_rgb(BETTER if good else WORSE), round(strength**0.75, 3)))
        text = _number(value, certain is not None, certain is None or bool(certain[row, column]))
        if text and n <= 12:
            ink = "white" if strength**0.75 > 0.55 else INK
            axes.text(column + 0.5, row + 0.52, text, ha="center", va="center", fontsize=7, color=ink)
    axes.add_collection(PatchCollection(squares, facecolors=colours, edgecolors="none"))


def _number(value: float, signed: bool, certain: bool) -> str:
    shown = round(100 * value)
    if not shown or not certain:
        return ""
    return f"{shown:+d}".replace("-", "\N{MINUS SIGN}") if signed else str(shown)


def _rows(arm: str, values: np.ndarray, certain: np.ndarray | None, classes: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "arm": arm,
            "shown": "share" if certain is None else "difference from the baseline",
            "true": classes[row],
            "predicted": classes[column],
            "value": float(values[row, column]),
            "certain": None if certain is None else bool(certain[row, column]),
        }
        for row, column in np.ndindex(values.shape)
    ]
