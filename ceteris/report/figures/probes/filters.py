"""What convolutions look for: the first layer's kernels as images, and feature maps of one test image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ceteris.report.confusions import data_uri
from ceteris.report.evidence import ArmEvidence
from ceteris.report.exhibits import Picture, Row, Seen, Sheet
from ceteris.report.figures.probes.pictures import montage, stretched
from ceteris.report.sentences import seeds_named
from ceteris.report.words import Words
from ceteris.study.findings import Findings

MOST_KERNELS = 64
LARGEST_MAP = 32
"""Pixels along the side of a feature map in the page; larger ones are thinned out."""
EMPTY = 0.1
"""Share of the largest kernel's norm below which a kernel counts as nearly empty."""


def filters(seen: Seen, words: Words) -> Sheet:
    """A row per arm: its kernels, the image that all arms are shown, and its maps from the first layer to the last."""
    singles = seen.singles
    arms = []
    for arm, _, found in singles:
        out, _, high, wide = found.arrays["kernels"].shape
        empty = int((norms(found) < EMPTY * norms(found).max()).sum())
        counts = {"kernels": out, "size": f"{high} × {wide}", "empty": empty}
        arms.append(words("probe.filters.arm", arm=arm.name, **counts))
    shown = seeds_named([seed for _, seed, _ in singles], words)
    return Sheet(
        name=seen.name,
        rows=tuple(_row(arm, found, words) for arm, _, found in singles),
        caption=words("probe.filters.caption", arms=words("list.arm").join(arms), seeds=shown),
        data=[row for arm, seed, found in singles for row in _rows(arm.name, seed, found)],
    )


def norms(findings: Findings) -> np.ndarray:
    """L2 norm of each kernel of the first layer, float64 [out]."""
    kernels = findings.arrays["kernels"].astype(np.float64)
    return np.asarray(np.sqrt(np.square(kernels).sum(axis=(1, 2, 3))))


def _row(arm: ArmEvidence, found: Findings, words: Words) -> Row:
    layer = str(found.values["kernel_layer"])
    label = arm.planned.data.classes[int(found.arrays["labels"][0])]
    pictures = [
        Picture(data_uri(_kernels(found)), words("probe.filters.kernels", arm=arm.name, layer=layer), 200, layer),
        Picture(data_uri(found.arrays["images"][0]), label, 72, label),
    ]
    for place, name in enumerate(found.values["layers"]):
        maps = found.arrays[f"maps_{place}"][0]
        step = -(-max(maps.shape[1:]) // LARGEST_MAP)
        tiles = np.stack([stretched(one[::step, ::step]) for one in maps])[..., None]
        alt = words("probe.filters.maps", arm=arm.name, layer=name, label=label)
        pictures.append(Picture(data_uri(montage(tiles, columns=4)), alt, 150, name))
    return Row(arm.name, tuple(pictures), arm)


def _kernels(findings: Findings) -> np.ndarray:
    """Kernels as one picture: in colour where they look at three channels, else their mean over channels in grey."""
    kernels = findings.arrays["kernels"][:MOST_KERNELS].transpose(0, 2, 3, 1)
    shown = kernels if kernels.shape[-1] == 3 else kernels.mean(axis=-1, keepdims=True)
    return montage(stretched(shown))


def _rows(arm: str, seed: int, findings: Findings) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "seed": seed, "kernel": place, "norm": float(norm)}
        | {"mean": float(findings.arrays["kernels"][place].mean())}
        for place, norm in enumerate(norms(findings))
    ]
