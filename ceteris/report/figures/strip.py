"""The strip: every arm's difference from the baseline with its interval, on one axis. It alone carries the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ceteris.report.captions import strip_caption
from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.evidence import Evidence
from ceteris.report.numbers import percent, points
from ceteris.report.palette import BAND, INK, MUTED, columns_of, look, shortened
from ceteris.report.sentences import verdict_label
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST_LABEL = 26
ROW = 0.5
NARROW_ROW = 0.82


def strip(evidence: Evidence, words: Words) -> Drawing:
    """The forest plot of the planned contrasts; rows in the order of the plan."""
    label = max((columns_of(shortened(c.arm, LONGEST_LABEL)) for c in evidence.contrasts), default=8)
    rows = len(evidence.contrasts)

    def wide(axes: Axes) -> None:
        _draw(axes, evidence, words, narrow=False)

    def narrow(axes: Axes) -> None:
        _draw(axes, evidence, words, narrow=True)

    left = 0.35 + label * INCHES_PER_COLUMN
    return Drawing(
        name="strip",
        panels=(Panel(left + 5.85, ROW * rows + 0.85, (left, 2.0, 0.62, 0.23), wide),),
        narrow=(Panel(4.3, NARROW_ROW * rows + 0.85, (0.12, 0.12, 0.62, 0.1), narrow),),
        columns=1,
        caption=strip_caption(evidence, words),
        alt=words("strip.alt", baseline=evidence.baseline.name),
        data=[_row(contrast) for contrast in evidence.contrasts],
    )


def limits(contrasts: Sequence[Contrast]) -> tuple[float, float]:
    """Fractions at the ends of the axis: every seed and mean, zero, the margin, and intervals that are not too long.

    An interval from very few seeds may be far longer than anything measured; it is cut and drawn with arrow heads.
    """
    seen = [0.0] + [side * c.margin for c in contrasts for side in (-1, 1)]
    seen += [value for c in contrasts for value in (*c.differences, c.difference) if value is not None]
    low, high = min(seen), max(seen)
    room = 1.2 * (high - low)
    ends = [end for c in contrasts for end in c.adjusted_interval or ()]
    low, high = max(min([low, *ends]), low - room), min(max([high, *ends]), high + room)
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _draw(axes: Axes, evidence: Evidence, words: Words, *, narrow: bool) -> None:
    contrasts = evidence.contrasts
    rows = len(contrasts)
    low, high = limits(contrasts)
    margin = evidence.plan.study.margin
    axes.set_xlim(100 * low, 100 * high)
    axes.set_ylim(rows - 0.5 + 0.05, -0.55)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.axvspan(-100 * margin, 100 * margin, color=BAND, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1)
    for place, contrast in enumerate(contrasts):
        _draw_row(axes, evidence, contrast, place + (0.22 if narrow else 0), (100 * low, 100 * high))
        _label_row(axes, evidence, contrast, place, words, narrow=narrow)
    metric = words(f"metric.{evidence.plan.study.metric}")
    axes.set_xlabel(words("strip.axis", metric=metric, baseline=shortened(evidence.baseline.name, 24)))


def _draw_row(axes: Axes, evidence: Evidence, contrast: Contrast, y: float, ends: tuple[float, float]) -> None:
    drawn = look(evidence.arm(contrast.arm).index)
    for difference in contrast.differences:
        axes.plot([100 * difference] * 2, [y + 0.13, y + 0.25], color=drawn.colour, linewidth=1.1)
    if contrast.adjusted_interval:
        low, high = (100 * end for end in contrast.adjusted_interval)
        axes.plot([max(low, ends[0]), min(high, ends[1])], [y, y], color=drawn.colour, linewidth=2.2)
        for cut, where, arrow in ((low < ends[0], ends[0], "<"), (high > ends[1], ends[1], ">")):
            if cut:
                axes.plot([where], [y], arrow, color=drawn.colour, markersize=7, clip_on=False)
    if contrast.difference is not None:
        axes.plot([100 * contrast.difference], [y], drawn.marker, color=drawn.colour, markersize=7.5)


def _label_row(axes: Axes, evidence: Evidence, contrast: Contrast, y: int, words: Words, *, narrow: bool) -> None:
    drawn = look(evidence.arm(contrast.arm).index)
    across = axes.get_yaxis_transform()
    number = "" if contrast.difference is None else f"{points(contrast.difference)} pp"
    interval = contrast.adjusted_interval
    under = words("interval.plain", low=percent(interval[0]), high=percent(interval[1])) if interval else ""
    verdict = verdict_label(evidence, contrast, words)
    if narrow:
        style: dict[str, Any] = {"transform": across, "fontsize": 10, "va": "center"}
        axes.text(0, y - 0.33, shortened(contrast.arm, 24), color=drawn.colour, weight="bold", **style)
        axes.text(1, y - 0.33, number, ha="right", weight="bold", **style)
        small = {**style, "fontsize": 9, "color": MUTED}
        axes.text(0, y - 0.09, verdict, **small)
        axes.text(1, y - 0.09, under, ha="right", **small)
        return
    label = shortened(contrast.arm, LONGEST_LABEL)
    axes.text(-0.02, y, label, transform=across, ha="right", va="center", color=drawn.colour, weight="bold")
    whole = f"{under} · {verdict}" if under else verdict
    told = verdict if evidence.arm(contrast.arm).planned.again else under or verdict
    second = whole if columns_of(whole) < 29 else told
    axes.text(1.025, y - (0.13 if second else 0), number, transform=across, va="center", weight="bold")
    axes.text(1.025, y + (0.17 if number else 0), second, transform=across, va="center", fontsize=8.5, color=MUTED)


def _row(contrast: Contrast) -> dict[str, Any]:
    interval = contrast.adjusted_interval or (None, None)
    seeds = contrast.seeds if contrast.differences else ()
    singles = dict(zip(seeds, contrast.differences, strict=True))
    return {
        "arm": contrast.arm, "baseline": contrast.baseline, "difference": contrast.difference,
        "low": interval[0], "high": interval[1], "margin": contrast.margin, "verdict": str(contrast.verdict),
    } | {f"seed {seed}": difference for seed, difference in singles.items()}  # fmt: skip
