"""How far gradients reach: their norm from the first layer to the last, per arm, and the units that died."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import ArmEvidence
from ceteris.report.exhibits import Seen
from ceteris.report.figures.series import Series, log_scale, over_seeds, series_panel
from ceteris.report.numbers import large, percent
from ceteris.report.palette import look, shortened
from ceteris.report.words import Words
from ceteris.study.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_EPOCHS = 5
"""Lines in one panel, from pale (first epoch) to strong (last)."""
MOST_MARKED = 40
"""Layers; the marks of more would cover the line."""
Norms = list[tuple[ArmEvidence, np.ndarray]]


def gradient_flow(seen: Seen, words: Words) -> Drawing | None:
    """One panel per arm on the same axes, a line per epoch; and one of dead units where there are ReLUs.

    None where every trial diverged in its first epoch.
    """
    seen = seen.having("gradient_norm")
    if not seen.found:
        return None
    norms = [(arm, _over_seeds(found, "gradient_norm")[:, _weighty(arm, found[0])]) for arm, found in seen.arms]
    dead = _dead(seen)
    panels = [_panel(norms, place, words) for place in range(len(norms))]
    if dead:
        ends = (0.0, max(1.0, 1.05 * max(float(np.nanmax(one.high)) for one in dead)))
        title = words("probe.gradient-flow.dead")
        panels.append(series_panel(dead, x=words("axis.epoch"), title=title, limits=ends))
    return Drawing(
        name=seen.name,
        panels=tuple(panels),
        columns=2,
        caption=_caption(norms, dead, words),
        alt=words("probe.gradient-flow.alt"),
        data=[row for arm, found in seen.found.items() for seed, one in found.items() for row in _rows(arm, seed, one)],
    )


def _over_seeds(found: list[Findings], name: str) -> np.ndarray:
    """Mean over seeds [epochs, layers], as far as the shortest training goes."""
    epochs = min(len(one.arrays[name]) for one in found)
    return np.asarray(np.mean([one.arrays[name][:epochs] for one in found], axis=0))


def _weighty(arm: ArmEvidence, findings: Findings) -> np.ndarray:
    """Places of convolutions and linear layers; of all layers where these are not told apart.

    Normalisations between them have far smaller norms, and a line through both is a saw.
    """
    kinds = {layer.name: layer.kind for layer in arm.planned.model.layers}
    names = findings.values["layers"]
    places = [place for place, name in enumerate(names) if kinds.get(name, "").startswith(("Conv", "Linear"))]
    return np.array(places or range(len(names)))


def _dead(seen: Seen) -> list[Series]:
    """Percentage of dead units by epoch, mean over the network's ReLUs; without the arms that have none."""
    series = []
    for arm, found in seen.arms:
        shares = [one.arrays["dead_share"][:, np.isfinite(one.arrays["dead_share"]).all(axis=0)] for one in found]
        if all(share.size for share in shares):
            rows = [100 * share.mean(axis=1) for share in shares]
            series.append(over_seeds(arm, np.arange(1, max(map(len, rows)) + 1), rows))
    return series


def _panel(norms: Norms, place: int, words: Words) -> Panel:
    arm, mine = norms[place]
    positive = np.concatenate([of[of > 0].ravel() for _, of in norms])
    ends = (positive.min() / 1.5, positive.max() * 1.5) if positive.size else (0.1, 1.0)
    epochs = np.unique(np.linspace(0, len(mine) - 1, min(MOST_EPOCHS, len(mine))).round().astype(int))

    def draw(axes: Axes) -> None:
        drawn = look(arm.index)
        log_scale(axes, ends)
        axes.set_xlim(-0.02, 1.02)
        depth = np.linspace(0, 1, mine.shape[1])
        marker = drawn.marker if mine.shape[1] <= MOST_MARKED else ""
        for order, epoch in enumerate(epochs):
            strength = 1.0 if len(epochs) == 1 else 0.3 + 0.7 * order / (len(epochs) - 1)
            last = order == len(epochs) - 1
            style: dict[str, Any] = {"color": drawn.colour, "alpha": strength, "linewidth": 1.9 if last else 1.0}
            shown = np.where(mine[epoch] > 0, mine[epoch], np.nan)
            axes.plot(depth, shown, marker=marker, markersize=3, **style)
        axes.set_xlabel(words("probe.gradient-flow.depth"))

    first, last = int(epochs[0]) + 1, int(epochs[-1]) + 1
    title = words("probe.gradient-flow.norm", arm=shortened(arm.name, 22), first=first, last=last)
    return Panel(4.55, 2.75, (0.6, 0.2, 0.5, 0.32), draw, title)


def _caption(norms: Norms, dead: list[Series], words: Words) -> str:
    said = []
    for arm, of in norms:
        first, last = of[-1, 0], of[-1, -1]
        if last > 0:
            said.append(words("probe.gradient-flow.arm", arm=arm.name, ratio=large(float(first / last))))
    sentences = [words("probe.gradient-flow.caption", arms=words("list.arm").join(said))] if said else []
    ends = [(one.arm.name, one.middle[-1]) for one in dead if one.middle is not None]
    shares = [words("probe.gradient-flow.share", arm=arm, share=percent(float(share) / 100)) for arm, share in ends]
    if shares:
        sentences.append(words("probe.gradient-flow.died", arms=words("list.arm").join(shares)))
    return words("list.sentence").join([*sentences, words("probe.gradient-flow.key")])


def _rows(arm: str, seed: int, findings: Findings) -> list[dict[str, Any]]:
    arrays, kinds = findings.arrays, {"layers": "layer", "activations": "activation"}
    measures = {
        "layers": ("gradient_norm", "weight_norm"),
        "activations": ("activation_mean", "activation_std", "dead_share"),
    }
    return [
        {"arm": arm, "seed": seed, "epoch": epoch + 1, kinds[kind]: name}
        | {measure: float(arrays[measure][epoch, place]) for measure in measures[kind]}
        for kind in kinds
        for place, name in enumerate(findings.values[kind])
        for epoch in range(len(arrays["gradient_norm"]))
    ]
