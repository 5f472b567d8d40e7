"""What squeeze-and-excitation attends to: gates by class as heat maps, first and last module of each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import INCHES_PER_COLUMN, Drawing, Panel
from ceteris.report.exhibits import Seen
from ceteris.report.palette import BETTER, columns_of, shortened
from ceteris.report.words import Words
from ceteris.study.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMES = 20
"""Classes beyond which their names no longer fit beside the rows."""


def attention(seen: Seen, words: Words) -> Drawing | None:
    """Mean gates over seeds, a row per class and a column per channel; None when no network has a module."""
    panels, said, data = [], [], []
    for arm, found in seen.arms:
        modules = list(found[0].values["modules"])
        if not modules:
            continue
        gates = {module: _mean(found, module) for module in modules}
        for module in dict.fromkeys((modules[0], modules[-1])):
            panels.append(
                _panel(shortened(f"{arm.name}: {module}", 44), gates[module], arm.planned.data.classes, words)
            )
        first, last = (f"{np.nanstd(gates[module], axis=0).mean():.3f}" for module in (modules[0], modules[-1]))
        said.append(words("probe.attention.arm", arm=arm.name, first=first, last=last))
        data += [row for module in modules for row in _rows(arm.name, module, gates[module], arm.planned.data.classes)]
    if not panels:
        return None
    return Drawing(
        name=seen.name,
        panels=tuple(panels),
        columns=2,
        caption=words("probe.attention.caption", arms=words("list.arm").join(said)),
        alt=words("probe.attention.alt"),
        data=data,
    )


def _mean(found: list[Findings], module: str) -> np.ndarray:
    return np.asarray(np.mean([one.arrays[f"{module}/mean"] for one in found], axis=0))


def _panel(title: str, gates: np.ndarray, classes: tuple[str, ...], words: Words) -> Panel:
    """Channels in the order of their mean gate; the same colours, from 0 to 1, in every panel."""
    names = [shortened(name, 12) for name in classes] if len(classes) <= MOST_NAMES else []
    left = 0.35 + max((columns_of(name) for name in names), default=2) * INCHES_PER_COLUMN * 0.85

    def draw(axes: Axes) -> None:
        from matplotlib.colors import to_rgb

        ordered = np.nan_to_num(gates[:, np.argsort(np.nan_to_num(gates).mean(axis=0))])
        colours = np.empty((*ordered.shape, 4))
        colours[..., :3], colours[..., 3] = to_rgb(BETTER), np.clip(ordered, 0, 1)
        axes.imshow(colours, aspect="auto", interpolation="none")
        axes.grid(visible=False)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_xlabel(words("probe.attention.channels"))

    return Panel(left + 3.3, 3.0, (left, 0.15, 0.5, 0.35), draw, title)


def _rows(arm: str, module: str, gates: np.ndarray, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "module": module, "class": classes[row], "channel": column, "gate": float(gates[row, column])}
        for row, column in np.ndindex(gates.shape)
    ]
