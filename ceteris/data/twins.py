"""Test images that are probably training images saved again: other bytes, nearly the same picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ceteris.data.duplicates import listed
from ceteris.data.source import Images

GRID = 8
"""Pictures are first compared by the mean grey of so many squares a side."""
GRID_DISTANCE, DISTANCE = 14.0, 25.0
"""Largest root mean square difference, of 256 grey levels, of the squares and of the pixels."""
SHARE_OF_CONTRAST = 0.4
"""Of the picture's own standard deviation: dull pictures, as of the sky, are all alike, and must be nearer.

With these three, 83 test images of CIFAR-10 have a twin in training; 38 of the 40 least sure ones are the same picture.
"""
ROWS = 2048
"""Images compared with as many others at once."""
MOST_PAIRS = 10**11
"""More are not compared: at some 10^9 pairs a second that takes minutes."""


def twin_note(
    found: Sequence[tuple[int, int]], images: int, test_name: Callable[[int], str], train_name: Callable[[int], str]
) -> tuple[str, ...]:
    """What a reader must know of them, if there are any among so many test images."""
    if not found:
        return ()
    pairs = listed(f"{test_name(image)} ~ {train_name(other)}" for image, other in found)
    what = (
        f"{len(found):,} of {images:,} test images are probably training images saved again, or nearly the same picture"
    )
    return (f"leakage: {what} ({pairs})",)


def twins(train: Images, test: Images) -> list[tuple[int, int]]:
    """(test image, the training image that is nearest to it), where the two are probably one picture.

    Saving a picture again in another quality, format or size before it is brought to this one moves its pixels by
    little. A crop, a turn or another exposure is not found. Nothing random is in it. Empty for more than MOST_PAIRS
    pairs of images.
    """
    if len(train.labels) * len(test.labels) > MOST_PAIRS or test.pixels.shape[1] < GRID:
        return []
    near: dict[int, tuple[float, int]] = {}
    known, asked = _grids(train.pixels), _grids(test.pixels)
    for image, other in _candidates(asked, known):
        one, two = (pixels.astype(np.float64) for pixels in (test.pixels[image], train.pixels[other]))
        distance = float(np.sqrt(np.square(one - two).mean()))
        if distance <= min(DISTANCE, SHARE_OF_CONTRAST * float(one.std())):
            near[image] = min(near.get(image, (np.inf, 0)), (distance, other))
    return [(image, other) for image, (_, other) in sorted(near.items())]


def _grids(pixels: np.ndarray) -> np.ndarray:
    """Mean grey of GRID x GRID squares, float32 [n, GRID * GRID], around 0; a rest at the edges is left out."""
    side = pixels.shape[1] // GRID
    grids = np.empty((len(pixels), GRID * GRID), np.float32)
    for start in range(0, len(pixels), ROWS):
        some = pixels[start : start + ROWS, : side * GRID, : side * GRID]
        squares = some.reshape(len(some), GRID, side, GRID, side * pixels.shape[3])
        grids[start : start + ROWS] = squares.mean((2, 4), dtype=np.float32).reshape(len(some), -1) - 128
    return grids


def _candidates(asked: np.ndarray, known: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs whose grids are near, by |a - b|^2 = |a|^2 + |b|^2 - 2 ab, a block of pairs at a time."""
    most = GRID**2 * GRID_DISTANCE**2
    own, others = (np.square(grids).sum(1) for grids in (asked, known))
    for first in range(0, len(asked), ROWS):
        rows = slice(first, first + ROWS)
        for start in range(0, len(known), ROWS):
            columns = slice(start, start + ROWS)
            squared = own[rows, None] + others[None, columns] - 2 * (asked[rows] @ known[columns].T)
            for image, other in np.argwhere(squared <= most):
                yield first + int(image), start + int(other)
