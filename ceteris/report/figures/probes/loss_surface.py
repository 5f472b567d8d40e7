"""The loss around the trained weights: curves overlaid in one dimension, contours at the same levels in two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import ArmEvidence
from ceteris.report.exhibits import Seen
from ceteris.report.figures.series import over_seeds, series_panel
from ceteris.report.numbers import MINUS, large
from ceteris.report.palette import look, shortened
from ceteris.report.sentences import seeds_named
from ceteris.report.words import Words
from ceteris.study.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = 9


def loss_surface(seen: Seen, words: Words) -> Drawing:
    """Slices along filter-normalised directions (Li et al. 2018): all seeds in one dimension, one seed in two."""
    flat = seen.arms[0][1][0].arrays["loss"].ndim == 1
    axis = words("probe.loss-surface.axis")
    if flat:
        series = [
            over_seeds(arm, found[0].arrays["offsets"], [one.arrays["loss"] for one in found])
            for arm, found in seen.arms
        ]
        panels = [series_panel(series, x=axis, title=words("probe.loss-surface.loss"))]
    else:
        levels = _levels([found.arrays["loss"] for _, _, found in seen.singles])
        panels = [_panel(arm, found, levels, axis) for arm, _, found in seen.singles]
    return Drawing(
        name=seen.name,
        panels=tuple(panels),
        columns=2,
        caption=_caption(seen, words, flat=flat),
        alt=words("probe.loss-surface.alt"),
        data=[row for arm, of in seen.found.items() for seed, one in of.items() for row in _rows(arm, seed, one)],
    )


def rise(findings: Findings) -> float:
    """Mean loss at the rim of the slice minus the loss at the trained weights."""
    loss = findings.arrays["loss"]
    inner = np.zeros(loss.shape, bool)
    inner[(slice(1, -1),) * loss.ndim] = True
    return float(loss[~inner].mean() - loss[(len(loss) // 2,) * loss.ndim])


def _caption(seen: Seen, words: Words, *, flat: bool) -> str:
    arms = [
        words("probe.loss-surface.arm", arm=arm.name, rise=large(value)) if np.isfinite(value := mean) else arm.name
        for arm, mean in ((arm, float(np.mean([rise(one) for one in found]))) for arm, found in seen.arms)
    ]
    span = f"{seen.arms[0][1][0].arrays['offsets'][-1]:g}"
    said = [words("probe.loss-surface.caption", arms=words("list.arm").join(arms), span=span)]
    shown = seeds_named([seed for _, seed, _ in seen.singles], words)
    said.append(words("probe.loss-surface.flat") if flat else words("probe.loss-surface.levels", seeds=shown))
    return words("list.sentence").join(said)


def _levels(surfaces: list[np.ndarray]) -> np.ndarray:
    """Losses of the contours, the same for all arms: quantiles of what all of them have, so that flat ones show too."""
    seen = np.concatenate([surface[np.isfinite(surface)] for surface in surfaces])
    return np.unique(np.quantile(seen, np.linspace(0, 1, LEVELS + 2)[1:-1])) if seen.size else seen


def _panel(arm: ArmEvidence, findings: Findings, levels: np.ndarray, axis: str) -> Panel:
    def draw(axes: Axes) -> None:
        offsets, loss = findings.arrays["offsets"], findings.arrays["loss"]
        drawn = look(arm.index)
        axes.set_xlim(offsets[0], offsets[-1])
        axes.set_ylim(offsets[0], offsets[-1])
        ticks = np.linspace(offsets[0], offsets[-1], 5)
        for set_ticks in (axes.set_xticks, axes.set_yticks):
            set_ticks(ticks, [f"{tick:g}".replace("-", MINUS) for tick in ticks])
        inside = levels[(levels > np.nanmin(loss)) & (levels < np.nanmax(loss))]
        if inside.size:
            masked = np.ma.masked_invalid(loss.T)
            lines = axes.contour(offsets, offsets, masked, levels=inside, colors=drawn.colour, linewidths=0.9)
            axes.clabel(lines, fmt=large, fontsize=7)
        axes.plot([0], [0], drawn.marker, color=drawn.colour, markersize=5)
        axes.set_xlabel(axis)

    return Panel(3.8, 3.8, (0.45, 0.15, 0.5, 0.32), draw, shortened(arm.name, 32))


def _rows(arm: str, seed: int, findings: Findings) -> list[dict[str, Any]]:
    offsets, loss = findings.arrays["offsets"], findings.arrays["loss"]
    return [
        {"arm": arm, "seed": seed}
        | {name: float(offsets[at]) for name, at in zip(("first", "second"), place, strict=False)}
        | {"loss": float(loss[place])}
        for place in np.ndindex(loss.shape)
    ]
