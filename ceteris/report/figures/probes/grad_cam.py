"""Where the networks look: Grad-CAM laid over the same test images, one trial of each arm."""

from __future__ import annotations

import numpy as np

from ceteris.report.confusions import data_uri
from ceteris.report.evidence import ArmEvidence
from ceteris.report.exhibits import Picture, Row, Seen, Sheet
from ceteris.report.figures.probes.pictures import overlaid
from ceteris.report.numbers import percent
from ceteris.report.sentences import seeds_named
from ceteris.report.words import Words
from ceteris.study.findings import Findings

WIDTH = 84


def grad_cam(seen: Seen, words: Words) -> Sheet:
    """A row of the images, and below it a row per arm with what raised the class that it predicted."""
    singles = seen.singles
    given = singles[0][2].arrays
    images = [
        Picture(data_uri(pixels), f"{name}, {row}", WIDTH, name)
        for pixels, row, name in zip(given["pixels"], given["row"], _names(singles[0][0], given["labels"]), strict=True)
    ]
    arms = [words("probe.grad-cam.arm", arm=arm.name, centre=percent(centre_share(found))) for arm, _, found in singles]
    shown = seeds_named([seed for _, seed, _ in singles], words)
    return Sheet(
        name=seen.name,
        rows=(
            Row(words("probe.grad-cam.images"), tuple(images)),
            *(_row(arm, f, words) for arm, _, f in singles),
        ),
        caption=words("probe.grad-cam.caption", arms=words("list.arm").join(arms), seeds=shown),
        data=[
            {"arm": arm.name, "seed": seed, "row": int(row), "label": label, "predicted": guess}
            | {"centre_share": float(_centre(seen_there))}
            for arm, seed, found in singles
            for row, label, guess, seen_there in zip(
                found.arrays["row"],
                _names(arm, found.arrays["labels"]),
                _names(arm, found.arrays["predicted"]),
                found.arrays["map"],
                strict=True,
            )
        ],
    )


def centre_share(findings: Findings) -> float:
    """Share of the maps' sum inside the middle quarter of the image (half its width and height), mean over images."""
    return float(np.mean([_centre(one) for one in findings.arrays["map"]]))


def _centre(one: np.ndarray) -> float:
    high, wide = one.shape
    middle = one[high // 4 : high - high // 4, wide // 4 : wide - wide // 4]
    return float(middle.sum() / one.sum()) if one.sum() > 0 else 0.0


def _row(arm: ArmEvidence, found: Findings, words: Words) -> Row:
    pictures = []
    for pixels, strength, guess in zip(
        found.arrays["pixels"], found.arrays["map"], _names(arm, found.arrays["predicted"]), strict=True
    ):
        alt = words("probe.grad-cam.alt", arm=arm.name, predicted=guess)
        pictures.append(Picture(data_uri(overlaid(pixels, strength)), alt, WIDTH, f"→ {guess}"))
    return Row(arm.name, tuple(pictures), arm)


def _names(arm: ArmEvidence, numbers: np.ndarray) -> list[str]:
    return [arm.planned.data.classes[int(number)] for number in numbers]
