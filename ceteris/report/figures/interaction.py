"""The interaction plot: one line per level of one factor over the levels of another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import Evidence
from ceteris.report.factors import Factors
from ceteris.report.figures.labels import apart
from ceteris.report.numbers import percent, points
from ceteris.report.palette import Look, look, shortened
from ceteris.report.sentences import level
from ceteris.report.words import Words
from ceteris.stats.intervals import mean_interval
from ceteris.stats.simple_effects import focus
from ceteris.study.design import Design

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PAIRS = 6
"""Pairs of factors that are drawn: those of four factors."""
WIDTH, HEIGHT = 4.55, 3.0
MARGINS = (0.55, 1.35, 0.5, 0.32)
STEP = 0.17
"""Inches between two labels at the lines' ends."""


@dataclass(frozen=True)
class Cell:
    """One point of a line: the mean over seeds with its interval, as fractions; None where there is no score.

    With more than two factors a seed's value is its mean over all combinations of the others' levels, of the seeds that
    have them all.
    """

    line: str
    x: str
    mean: float | None
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Pair:
    """Two factors: a line per level of `line` over the levels of `x`."""

    line: str
    x: str
    cells: dict[tuple[str, str], Cell]
    looks: dict[str, Look]

    def means(self, line: str) -> np.ndarray:
        """Of one line in percent, NaN where there is no score."""
        found = [self.cells[line, x].mean for x in self.xs]
        return np.array([np.nan if mean is None else 100 * mean for mean in found])

    @property
    def xs(self) -> list[str]:
        """Levels along the axis: by size when all are numbers, else as in the study."""
        names = list(dict.fromkeys(x for _, x in self.cells))
        try:
            return sorted(names, key=float)
        except ValueError:
            return names


def interaction(evidence: Evidence, shown: Factors, words: Words) -> Drawing | None:
    """A panel per pair of factors, at most `MOST_PAIRS`; None as long as no combination has a score."""
    every = list(itertools.combinations(shown.design.factors, 2))
    pairs = [_pair(evidence, shown.design, two) for two in every[:MOST_PAIRS]]
    if all(cell.mean is None for pair in pairs for cell in pair.cells.values()):
        return None
    metric = words(f"metric.{shown.metric}")
    said = [words("interaction.caption", metric=metric, level=level(shown.alpha))]
    said += [words("interaction.averaged")] if len(shown.design.factors) > 2 else []
    said += [words("interaction.cut", shown=MOST_PAIRS, pairs=len(every))] if len(every) > MOST_PAIRS else []
    said += [sentence for pair in pairs if (sentence := _gap(pair, words))]
    return Drawing(
        name="interaction",
        panels=tuple(_panel(pair, metric, _ends(pairs), words) for pair in pairs),
        columns=2,
        caption=words("list.sentence").join(said),
        alt=words("interaction.alt", metric=metric),
        data=[_row(pair, cell) for pair in pairs for cell in pair.cells.values()],
    )


def _pair(evidence: Evidence, design: Design, two: tuple[str, str]) -> Pair:
    line = focus(two, design.levels)
    x = next(name for name in two if name != line)
    cells = {
        (own, other): _cell(evidence, design, {line: own, x: other})
        for own, other in itertools.product(design.levels[line], design.levels[x])
    }
    return Pair(line, x, cells, {own: _look(evidence, design, line, own) for own in design.levels[line]})


def _cell(evidence: Evidence, design: Design, at: dict[str, str]) -> Cell:
    places = {design.factors.index(name): own for name, own in at.items()}
    inside = [
        evidence.arm(arm).scores.scores
        for arm, combination in design.arms.items()
        if all(combination[place] == own for place, own in places.items())
    ]
    seeds = sorted(set.intersection(*(set(scores) for scores in inside)))
    values = [float(np.mean([scores[seed] for scores in inside])) for seed in seeds]
    mean = float(np.mean(values)) if values else None
    line, x = at.values()
    return Cell(line, x, mean, mean_interval(values, evidence.plan.study.alpha), len(values))


def _look(evidence: Evidence, design: Design, factor: str, own: str) -> Look:
    """The look of the arm that differs from the baseline in this level alone; the baseline's for its own level."""
    wanted = tuple(own if name == factor else known[0] for name, known in design.levels.items())
    return look(next(evidence.arm(arm).index for arm, combination in design.arms.items() if combination == wanted))


def _ends(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Ends of the accuracy axis, in percent, that all panels share."""
    cells = [cell for pair in pairs for cell in pair.cells.values() if cell.mean is not None]
    seen = [100 * end for cell in cells for end in (cell.mean, *(cell.interval or ())) if end is not None]
    room = 0.05 * (max(seen) - min(seen)) or 1.0
    return min(seen) - room, max(seen) + room


def _panel(pair: Pair, metric: str, ends: tuple[float, float], words: Words) -> Panel:
    def draw(axes: Axes) -> None:
        axes.set_ylim(*ends)
        lines = list(pair.looks)
        for place, line in enumerate(lines):
            _draw_line(axes, pair, line, 0.06 * (place - (len(lines) - 1) / 2))
        names = [shortened(x, max(6, 30 // len(pair.xs))) for x in pair.xs]
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.3, len(names) - 0.7)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(pair.x)
        axes.set_ylabel(words("axis.metric", metric=metric))
        _label_lines(axes, pair)

    return Panel(WIDTH, HEIGHT, MARGINS, draw, words("interaction.title", line=pair.line, x=pair.x))


def _draw_line(axes: Axes, pair: Pair, line: str, shift: float) -> None:
    drawn = pair.looks[line]
    places = np.arange(len(pair.xs)) + shift
    axes.plot(
        places, pair.means(line), color=drawn.colour, linestyle=drawn.linestyle, linewidth=1.6, marker=drawn.marker,
        markersize=6,
    )  # fmt: skip
    for place, x in zip(places, pair.xs, strict=True):
        interval = pair.cells[line, x].interval
        if interval:
            axes.plot([place, place], [100 * end for end in interval], color=drawn.colour, linewidth=1.4)


def _label_lines(axes: Axes, pair: Pair) -> None:
    low, high = axes.get_ylim()
    ends = {line: means[np.isfinite(means)][-1] for line in pair.looks if np.isfinite(means := pair.means(line)).any()}
    order = sorted(ends, key=lambda line: float(ends[line]))
    room = (high - low) / (HEIGHT - MARGINS[2] - MARGINS[3])
    heights = apart([float(ends[line]) for line in order], STEP * room)
    for line, height in zip(order, heights, strict=True):
        axes.text(
            1.02, (height - low) / (high - low), shortened(line, 16), transform=axes.transAxes, va="center",
            color=pair.looks[line].colour, weight="bold", fontsize=8.5,
        )  # fmt: skip


def _gap(pair: Pair, words: Words) -> str:
    """How far apart the lines are, where least and where most; of two lines with its sign."""
    known = [x for x in pair.xs if all(pair.cells[line, x].mean is not None for line in pair.looks)]
    if not known:
        return ""
    columns = {x: [pair.cells[line, x].mean or 0.0 for line in pair.looks] for x in known}
    if len(pair.looks) == 2:
        reference, other = pair.looks
        gaps = {x: means[1] - means[0] for x, means in columns.items()}
        low, high = min(gaps, key=gaps.__getitem__), max(gaps, key=gaps.__getitem__)
        ends = {"low": points(gaps[low]), "high": points(gaps[high]), "at_low": low, "at_high": high}
        return words("interaction.two", level=other, reference=reference, x=pair.x, **ends)
    spreads = {x: max(means) - min(means) for x, means in columns.items()}
    low, high = min(spreads, key=spreads.__getitem__), max(spreads, key=spreads.__getitem__)
    ends = {"low": percent(spreads[low]), "high": percent(spreads[high]), "at_low": low, "at_high": high}
    return words("interaction.several", line=pair.line, x=pair.x, **ends)


def _row(pair: Pair, cell: Cell) -> dict[str, Any]:
    low, high = cell.interval or (None, None)
    return {
        "line": pair.line, "level": cell.line, "x": pair.x, "x_level": cell.x,
        "mean": cell.mean, "low": low, "high": high, "n": cell.n,
    }  # fmt: skip
