"""Test images in the plane by what the last layer is given: principal components and t-SNE, one trial of each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.exhibits import Seen
from ceteris.report.numbers import percent
from ceteris.report.palette import shortened
from ceteris.report.sentences import seeds_named
from ceteris.report.words import Words
from ceteris.study.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLANES = {"pca": "probe.embedding.pca", "t-sne": "probe.embedding.t-sne"}
MOST_POINTS = 3000
"""In the whole figure: each is a mark of its own in the page."""
MOST_NAMES = 20


def embedding(seen: Seen, words: Words) -> Drawing:
    """Two panels per arm; classes have a colour each, and their names stand at the middle of their points."""
    singles = seen.singles
    each = max(1, MOST_POINTS // (2 * len(singles)))
    panels = [
        _panel(words(title, arm=shortened(arm.name, 20)), found, plane, arm.planned.data.classes, most=each)
        for arm, _, found in singles
        for plane, title in PLANES.items()
    ]
    arms = [
        words(
            "probe.embedding.arm",
            arm=arm.name,
            explained=percent(float(found.arrays["explained"].sum())),
            same=percent(same_class(found)),
        )
        for arm, _, found in singles
    ]
    shown = seeds_named([seed for _, seed, _ in singles], words)
    return Drawing(
        name=seen.name,
        panels=tuple(panels),
        columns=2,
        caption=words("probe.embedding.caption", arms=words("list.arm").join(arms), seeds=shown),
        alt=words("probe.embedding.alt"),
        data=[row for arm, seed, found in singles for row in _rows(arm.name, seed, found, arm.planned.data.classes)],
    )


def same_class(findings: Findings) -> float:
    """Share of the images whose nearest other image in the t-SNE plane is of their own class."""
    plane, labels = findings.arrays["t-sne"].astype(np.float64), findings.arrays["labels"]
    squares = np.square(plane).sum(axis=1)
    distances = squares[:, None] + squares - 2 * plane @ plane.T
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argmin(axis=1)] == labels).mean())


def _panel(title: str, findings: Findings, plane: str, classes: tuple[str, ...], *, most: int) -> Panel:
    points, labels = findings.arrays[plane], findings.arrays["labels"]
    kept = np.unique(np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int))

    def draw(axes: Axes) -> None:
        from matplotlib.colors import hsv_to_rgb

        axes.grid(visible=False)
        axes.set_xticks([])
        axes.set_yticks([])
        for number, name in enumerate(classes):
            mine = points[kept[labels[kept] == number]]
            if not len(mine):
                continue
            colour = hsv_to_rgb((number / len(classes), 0.75, 0.8 if number % 2 else 0.62))
            axes.plot(*mine.T, linestyle="", marker="o", markersize=2.6, markeredgewidth=0, color=colour, alpha=0.8)
            if len(classes) <= MOST_NAMES:
                style: dict[str, Any] = {"fontsize": 7.5, "weight": "bold", "ha": "center", "va": "center"}
                x, y = np.median(mine, axis=0)
                axes.text(x, y, shortened(name, 12), color=colour, **style)

    return Panel(3.9, 3.6, (0.1, 0.1, 0.1, 0.32), draw, title)


def _rows(arm: str, seed: int, findings: Findings, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    arrays = findings.arrays
    return [
        {"arm": arm, "seed": seed, "row": int(row), "class": classes[int(arrays["labels"][place])]}
        | {f"{plane}_{axis}": float(arrays[plane][place, axis]) for plane in PLANES for axis in (0, 1)}
        for place, row in enumerate(arrays["row"])
    ]
