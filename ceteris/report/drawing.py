"""Drawing panels into figures: SVG with real text for the page, and SVG, PNG and PDF files beside it.

Only `Figure` and its canvases, never pyplot: no global state, no display. The bytes depend on the data alone.
"""

from __future__ import annotations

import io
import logging
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ceteris.report.palette import CSS_NAMES, GRID, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONTS = ("DejaVu Sans", "WenQuanYi Micro Hei", "Noto Sans CJK SC")
PNG_DPI = 200
INCHES_PER_COLUMN = 0.082
"""Width of one character at the figures' font size, on the generous side."""

NO_DATES: Mapping[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        width, height: of the whole panel in inches.
        margins: left, right, bottom, top in inches, where labels go.
        draw: puts the data into the axes.
        title: above the axes, at the left; may be empty.
        weight: of the title: "bold", or "normal" for a key rather than a title.
    """

    width: float
    height: float
    margins: tuple[float, float, float, float]
    draw: Callable[[Axes], None]
    title: str = ""
    weight: str = "bold"


@dataclass(frozen=True)
class Drawing:
    """A figure of the report: panels side by side, what is seen in them, and the numbers behind them.

    Attributes:
        name: of its files.
        panels: in reading order; in the page each is its own SVG, so that they wrap on a phone.
        columns: panels per row in the files, and at most in the page.
        caption: what is seen, a sentence made from the numbers.
        alt: what the figure is, for those who cannot see it.
        data: rows of its CSV.
        narrow: panels for narrow screens in place of `panels`; empty when those are narrow enough.
    """

    name: str
    panels: tuple[Panel, ...]
    columns: int
    caption: str
    alt: str
    data: Sequence[Mapping[str, Any]]
    narrow: tuple[Panel, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A drawing's panels as SVG, and its files.

    Attributes:
        drawing: what was rendered.
        wide, narrow: SVG elements for the page, one per panel: scalable, labelled, colours left to the style sheet.
        files: file name -> content: the whole figure as SVG, PNG and PDF.
    """

    drawing: Drawing
    wide: tuple[str, ...]
    narrow: tuple[str, ...]
    files: Mapping[str, bytes]


def render(drawing: Drawing) -> Rendered:
    """Draw every panel once as SVG, and the whole figure as PNG and PDF."""
    with _style():
        wide = [_svg(panel, f"{drawing.name}-w{place}-") for place, panel in enumerate(drawing.panels)]
        narrow = [_svg(panel, f"{drawing.name}-n{place}-") for place, panel in enumerate(drawing.narrow)]
        figure, places = _figure(drawing.panels, drawing.columns)
        made = {f"{drawing.name}.svg": _joined(wide, places, tuple(figure.get_size_inches())).encode()}
        for kind in ("png", "pdf"):
            made[f"{drawing.name}.{kind}"] = _saved(figure, kind, dpi=PNG_DPI, facecolor="white")
    return Rendered(
        drawing,
        tuple(_for_page(svg, drawing, panel) for svg, panel in zip(wide, drawing.panels, strict=True)),
        tuple(_for_page(svg, drawing, panel) for svg, panel in zip(narrow, drawing.narrow, strict=True)),
        made,
    )


def _saved(figure: Figure, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=NO_DATES[kind], **options)
    return content.getvalue()


def _svg(panel: Panel, prefix: str) -> str:
    """One panel as an SVG element whose ids start with the prefix, so that many fit into one document."""
    text = _saved(_figure((panel,), 1)[0], "svg", transparent=True).decode()
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}', body)
    body = re.sub(r'(xlink:href="|url\()#', rf"\g<1>#{prefix}", body)
    return re.sub(r"\n\s*", "\n", body.replace("xlink:href", "href"))


def _joined(svgs: Sequence[str], places: Sequence[tuple[float, float]], size: Sequence[float]) -> str:
    """The panels at their places (inches from the top left) in one SVG document; its user unit is the point."""
    width, height = (f"{72 * side:g}" for side in size)
    parts = []
    for svg, (x, y) in zip(svgs, places, strict=True):
        opening, rest = svg.split(">", 1)
        moved = opening.replace("<svg", f'<svg x="{72 * x:g}" y="{72 * y:g}"').replace('pt"', '"')
        parts.append(f"{moved}>{rest}")
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt"'
    return f'{opening} viewBox="0 0 {width} {height}">\n{"".join(parts)}</svg>\n'


def _for_page(svg: str, drawing: Drawing, panel: Panel) -> str:
    opening, rest = svg.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', opening)
    label = escape(": ".join(filter(None, (drawing.alt, panel.title))))
    rest = re.sub(r"(?<=[\s:])#[0-9a-f]{6}\b", lambda hexed: _as_property(hexed.group()), rest)
    rest = re.sub(r"font: ([^;\"]*?)('DejaVu Sans'[^;\"]*)", r"font: \1var(--sans, sans-serif)", rest)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box.group() if box else ""} role="img" '
        f'style="max-width:{1.6 * 72 * panel.width:.0f}px" aria-label="{label}"><title>{label}</title>{rest}'
    )


def _as_property(colour: str) -> str:
    name = CSS_NAMES.get(colour)
    return f"var(--{name}, {colour})" if name else colour


def _figure(panels: Sequence[Panel], columns: int) -> tuple[Figure, list[tuple[float, float]]]:
    """A figure with its panels in rows, and where each begins: inches from the left and from the top."""
    from matplotlib.figure import Figure

    rows = math.ceil(len(panels) / columns)
    widths = [max(panel.width for panel in panels[column::columns]) for column in range(min(columns, len(panels)))]
    heights = [max(panel.height for panel in panels[row * columns : (row + 1) * columns]) for row in range(rows)]
    width, height = sum(widths), sum(heights)
    figure = Figure(figsize=(width, height))
    places = []
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        x, y = sum(widths[:column]), sum(heights[:row])
        places.append((x, y))
        left, right, bottom, top = panel.margins
        low = height - y - panel.height + bottom
        inner = (panel.width - left - right, panel.height - bottom - top)
        axes = figure.add_axes(((x + left) / width, low / height, inner[0] / width, inner[1] / height))
        panel.draw(axes)
        title = ((x + left) / width, (low + inner[1] + 0.1) / height)
        figure.text(*title, panel.title, weight=panel.weight, fontsize=10 if panel.weight == "bold" else 8.5)
    return figure, places


@contextmanager
def _style() -> Iterator[None]:
    """The report's look, for the time of one drawing; a character no font has is drawn as a box, without a warning."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": _fonts(), "font.size": 9.5, "text.parse_math": False, "text.color": INK,
        "axes.labelsize": 9, "axes.labelcolor": MUTED,
        "axes.edgecolor": GRID, "axes.linewidth": 0.8, "axes.axisbelow": True,
        "axes.spines.left": False, "axes.spines.right": False, "axes.spines.top": False, "axes.spines.bottom": False,
        "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8,
        "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
        "xtick.major.size": 0, "ytick.major.size": 0, "xtick.minor.size": 0, "ytick.minor.size": 0,
        "svg.fonttype": "none", "svg.hashsalt": "ceteris", "pdf.fonttype": 3, "path.simplify": True,
        "axes.formatter.useoffset": False,
    }  # fmt: skip
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)  # it tells of every weight that a fallback font lacks
    try:
        with mpl.rc_context(settings), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
            yield
    finally:
        log.setLevel(level)


@cache
def _fonts() -> list[str]:
    """The wanted fonts that are installed; matplotlib brings the first."""
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    return [name for name in FONTS if name in installed]
