"""Accuracy against what it costs: parameters, MACs, training time; and how certain the front of the two is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ceteris.report.captions import cost_caption
from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.numbers import probability, tick, whole
from ceteris.report.palette import MUTED, columns_of, look, shortened
from ceteris.report.words import Words
from ceteris.stats.front import front_probabilities
from ceteris.stats.ranking import mean_draws

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COSTS = ("parameters", "macs", "train_seconds")
UNLIKELY = 0.05
"""Probability below which an arm that is not on the front of the means is not named with it."""
Points = Mapping[str, tuple[float, ArmEvidence]]
"""Arm -> its cost, and the arm."""
WIDTH, HEIGHT = 3.5, 3.0
LEFT, RIGHT, BOTTOM, TOP = 0.62, 0.2, 0.5, 0.15


def cost(evidence: Evidence, words: Words) -> Drawing | None:
    """One panel per kind of cost; None when no arm has a score."""
    points = {kind: _points(evidence, kind) for kind in COSTS}
    if not points["parameters"]:
        return None
    kinds = [kind for kind in COSTS if points[kind]]
    study = evidence.plan.study
    draws = mean_draws([arm.scores for arm in evidence.arms if not arm.planned.again], study.pairing)
    chances = {
        kind: front_probabilities(draws, {name: spent for name, (spent, _) in points[kind].items()}) for kind in kinds
    }
    named = {kind: _named(points[kind], chances[kind], words) for kind in kinds}
    return Drawing(
        name="cost",
        panels=tuple(_panel(evidence, kind, points[kind], chances[kind], words) for kind in kinds),
        columns=3,
        caption=cost_caption(evidence, named, words),
        alt=words("cost.alt"),
        data=[_row(arm, chances) for arm in evidence.arms if arm.mean is not None],
    )


def cost_of(arm: ArmEvidence, kind: str) -> float | None:
    """An arm's parameters, forward MACs of one image, or mean training seconds."""
    if kind == "train_seconds":
        return arm.average(lambda spent: spent.train_seconds)
    return float(getattr(arm.planned.model, kind))


def front(points: Points) -> list[ArmEvidence]:
    """The arms whose mean no other arm's beats at the same or less cost, cheapest first."""
    best = -1.0
    kept = []
    for _, arm in sorted(points.values(), key=lambda point: (point[0], -(point[1].mean or 0.0), point[1].index)):
        if arm.mean is not None and arm.mean > best:
            best = arm.mean
            kept.append(arm)
    return kept


def _named(points: Points, chances: Mapping[str, float], words: Words) -> list[str]:
    """The arms that are on the front by their means, or may well be, cheapest first, with their probabilities."""
    by_mean = {arm.name for arm in front(points)}
    said = []
    for name in sorted(points, key=lambda name: points[name][0]):
        if _beatable(points, chances, name) and chances[name] >= UNLIKELY:
            said.append(words("cost.chance", arm=name, chance=probability(chances[name])))
        elif name in by_mean:
            said.append(name)
    return said


def _beatable(points: Points, chances: Mapping[str, float], name: str) -> bool:
    """It has a probability, and an arm that costs no more could take it from the front."""
    rivals = [other for other in chances if other != name]
    return name in chances and any(points[other][0] <= points[name][0] for other in rivals)


def _points(evidence: Evidence, kind: str) -> dict[str, tuple[float, ArmEvidence]]:
    found = {}
    for arm in evidence.arms:
        spent = cost_of(arm, kind)
        if arm.mean is not None and spent is not None:
            found[arm.name] = (spent, arm)
    return found


def _panel(evidence: Evidence, kind: str, points: Points, chances: Mapping[str, float], words: Words) -> Panel:
    def draw(axes: Axes) -> None:
        spent = [cost for cost, _ in points.values()]
        if min(spent) > 0 and max(spent) / min(spent) > 4:
            axes.set_xscale("log")
            axes.set_xlim(min(spent) / 1.6, max(spent) * 1.6)
        else:
            room = 0.25 * (max(spent) - min(spent)) or 0.1 * max(spent) or 1.0
            axes.set_xlim(max(0.0, min(spent) - room), max(spent) + room)
        _plain_ticks(axes)
        steps = [(points[arm.name][0], 100 * (arm.mean or 0)) for arm in front(points)]
        axes.plot(*zip(*steps, strict=True), color=MUTED, linewidth=1, linestyle=(0, (3, 2)), drawstyle="steps-post")
        for x, arm in points.values():
            _draw_point(axes, x, arm)
        _label(axes, points, chances)
        axes.set_xlabel(words(f"cost.{kind}"))
        axes.set_ylabel(words("axis.metric", metric=words(f"metric.{evidence.plan.study.metric}")))

    return Panel(WIDTH, HEIGHT, (LEFT, RIGHT, BOTTOM, TOP), draw)


def _draw_point(axes: Axes, x: float, arm: ArmEvidence) -> None:
    drawn = look(arm.index)
    if arm.interval:
        axes.plot([x, x], [100 * end for end in arm.interval], color=drawn.colour, linewidth=1.6)
    axes.plot([x], [100 * (arm.mean or 0)], drawn.marker, color=drawn.colour, markersize=7)


def _label(axes: Axes, points: Points, chances: Mapping[str, float]) -> None:
    """Each arm's name, and its probability of being on the front, at the first place beside its point that is free."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM - TOP
    low, high = axes.get_ylim()
    places = {}
    for name, (cost, arm) in points.items():
        across = float(axes.transAxes.inverted().transform(axes.transData.transform((cost, low)))[0])
        places[name] = (across * width, (100 * (arm.mean or 0) - low) / (high - low) * height)
    taken = [(x - 0.07, x + 0.07, y - 0.07, y + 0.07) for x, y in places.values()]
    bars = [
        (places[name][0] - 0.03, places[name][0] + 0.03, *((100 * end - low) / (high - low) * height for end in ends))
        for name, (_, arm) in points.items()
        if (ends := arm.interval)
    ]
    for name, (x, y) in places.items():
        chance = f" · {probability(chances[name])}" if _beatable(points, chances, name) else ""
        shown = shortened(name, 16) + chance
        long = columns_of(shown) * INCHES_PER_COLUMN * 0.88
        options = [
            (start, start + long, y + up - 0.06, y + up + 0.06)
            for up in (0.12, -0.12, 0.0, 0.26, -0.26, 0.4, -0.4, 0.6, -0.6)
            for start in (x + 0.1, x - 0.1 - long, x - long / 2)
        ]
        inside = [box for box in options if box[0] >= 0 and box[1] <= width + RIGHT and 0 <= box[2] < height]
        free = [box for box in inside if not any(_touch(box, other) for other in taken)]
        clear = [box for box in free if not any(_touch(box, bar) for bar in bars)]
        box = next(iter(clear or free or inside or options))
        taken.append(box)
        drawn = look(points[name][1].index)
        at = (box[0] / width, (box[2] + 0.06) / height)
        axes.text(*at, shown, transform=axes.transAxes, va="center", fontsize=8, color=drawn.colour, weight="bold")


def _touch(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _plain_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = axes.get_xlim()
    close = high - low < 0.1 * high and low > 100
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: whole(number) if close else tick(number)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if axes.get_xscale() == "log":
        subs = (1.0, 2.0, 5.0) if high / low < 200 else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(3 if close else 5))


def _row(arm: ArmEvidence, chances: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    low, high = arm.interval or (None, None)
    row = {"arm": arm.name, "mean": arm.mean, "low": low, "high": high, "n": len(arm.scored)}
    row |= {kind: cost_of(arm, kind) for kind in COSTS}
    return row | {f"front_{kind}": known.get(arm.name) for kind, known in chances.items()}
