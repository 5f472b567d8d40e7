"""One look per arm, the same in every figure: colour, marker and dash, so that none has to carry it alone."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

INK = "#1b1d21"
MUTED = "#666c75"
GRID = "#e2e4e8"
BAND = "#eceef1"
BASELINE = "#4b5057"
BETTER = "#0072b2"
WORSE = "#d55e00"

OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#c9b700")
"""Okabe and Ito (2008), blue first; their yellow is darkened so that it can be seen on white."""

CSS_NAMES = {INK: "ink", MUTED: "muted", GRID: "grid", BAND: "band", BASELINE: "baseline"} | {
    colour: f"arm-{place}" for place, colour in enumerate(OKABE_ITO)
}
"""Colours that the page's style sheet may change in the dark: hex -> custom property."""

_MARKERS = ("s", "^", "D", "v", "P", "X", "*", "p", "h", "<", ">")
_SYMBOLS = "■▲◆▼✚✖★⬟⬢◀▶"
_DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.5), (1, 1.2), (6, 1.5, 1, 1.5))


@dataclass(frozen=True)
class Look:
    """How one arm is drawn.

    Attributes:
        colour: hex.
        marker: for matplotlib; `symbol` is the same in text.
        dash: lengths of strokes and gaps in line widths; empty for a solid line.
    """

    colour: str
    marker: str
    symbol: str
    dash: tuple[float, ...]

    @property
    def linestyle(self) -> str | tuple[float, tuple[float, ...]]:
        return (0, self.dash) if self.dash else "-"

    @property
    def css(self) -> str:
        """The colour as the page's style sheet knows it."""
        return f"var(--{CSS_NAMES[self.colour]}, {self.colour})"


def look(index: int) -> Look:
    """The look of the arm at that place of the plan; 0, the baseline, is dark grey."""
    if index == 0:
        return Look(BASELINE, "o", "●", ())
    place = index - 1
    return Look(
        OKABE_ITO[place % len(OKABE_ITO)],
        _MARKERS[place % len(_MARKERS)],
        _SYMBOLS[place % len(_SYMBOLS)],
        _DASHES[place // len(OKABE_ITO) % len(_DASHES)],
    )


def columns_of(text: str) -> int:
    """How many columns of a fixed-width font a text takes: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, columns: int) -> str:
    """The text, cut to at most that many columns with an ellipsis."""
    text = " ".join(text.split())
    if columns_of(text) <= columns:
        return text
    return _fitting(text, columns - 1).rstrip() + "…"


def told_apart(names: Sequence[str], columns: int) -> dict[str, str]:
    """Every name, cut to that many columns; names that would then look alike are cut in the middle, not at the end."""
    short = {name: shortened(name, columns) for name in names}
    alike = Counter(short.values())
    return {name: _without_middle(name, columns) if alike[cut] > 1 else cut for name, cut in short.items()}


def _without_middle(text: str, columns: int) -> str:
    """Beginnings are alike where this is needed, so two thirds are kept of the end."""
    tail = _fitting(text[::-1], 2 * columns // 3)[::-1].lstrip()
    return _fitting(text, columns - 1 - columns_of(tail)).rstrip() + "…" + tail


def _fitting(text: str, columns: int) -> str:
    kept = ""
    for character in text:
        if columns_of(kept + character) > columns:
            break
        kept += character
    return kept
