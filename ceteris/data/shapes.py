"""Drawn images with a difficulty knob: for tests, and for trying a study in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from ceteris.data.source import DataPlace, Dataset, DataSource, Images
from ceteris.errors import InputError, Problem
from ceteris.registry import register
from ceteris.study.keys import sha256_of
from ceteris.study.record import DataFacts
from ceteris.study.streams import stream

SIZE = 32
NAMES = ("disc", "square", "triangle", "cross", "ring", "stripes")
DRAWING = 1
"""Raised whenever the same options draw other pixels."""


@register("data")
def shapes(
    place: DataPlace,
    *,
    classes: int = 6,
    train_images: int = 600,
    test_images: int = 300,
    difficulty: float = 0.3,
    seed: int = 0,
) -> DataSource:
    """Drawn discs, squares, triangles, crosses, rings and stripes, 32x32 colour, as hard as wanted.

    Args:
        classes: the first 2 to 6 of them.
        train_images, test_images: as equal per class as can be; at least 2 (train) and 1 (test) of each.
        difficulty: from 0 (centred, upright, high contrast) to 1 (small, anywhere, turned, pale, noisy, distracting).
        seed: of the drawing.

    Raises InputError for values outside these ranges.
    """
    problems = []
    if not 2 <= classes <= len(NAMES):
        problems.append(Problem(f"shapes: classes must be 2 to {len(NAMES)}, not {classes}", "classes"))
    if not 0 <= difficulty <= 1:
        problems.append(Problem(f"shapes: difficulty must lie between 0 and 1, not {difficulty}", "difficulty"))
    if train_images < 2 * classes:
        problems.append(Problem(f"shapes: {train_images} images for {classes} classes are too few", "train_images"))
    if test_images < classes:
        problems.append(Problem(f"shapes: {test_images} images for {classes} classes are too few", "test_images"))
    if problems:
        raise InputError(*problems)
    return _Shapes(classes, train_images, test_images, float(difficulty), seed)


@dataclass(frozen=True)
class _Shapes:
    classes: int
    train_images: int
    test_images: int
    difficulty: float
    seed: int

    def facts(self) -> DataFacts:
        fingerprint = sha256_of({"data": "shapes", "drawing": DRAWING, **asdict(self)})
        return DataFacts(
            "shapes", fingerprint, True, NAMES[: self.classes], SIZE, 3, self.train_images, self.test_images
        )

    def load(self) -> Dataset:
        train, test = self._split("train", self.train_images), self._split("test", self.test_images)
        return Dataset(self.facts(), train, test)

    def _split(self, name: str, images: int) -> Images:
        generator = stream(self.seed, f"shapes/{name}")
        labels = generator.permutation(np.arange(images, dtype=np.int64) % self.classes)
        return Images(_draw(labels, self.difficulty, generator), labels)


def _draw(labels: np.ndarray, difficulty: float, generator: np.random.Generator) -> np.ndarray:
    """Pixels uint8 [n, SIZE, SIZE, 3]."""
    n, hard = len(labels), np.float32(difficulty)
    radius = 11 - hard * generator.uniform(1, 6, n)
    x, y = _turned(generator.uniform(-1, 1, (2, n)) * 9 * hard, generator.uniform(-np.pi, np.pi, n) * hard)
    covered = np.empty((n, SIZE, SIZE), np.float32)
    for label, inside in enumerate(_INSIDE):
        rows = labels == label
        distance = inside(x[rows], y[rows], radius[rows, None, None].astype(np.float32))
        covered[rows] = np.clip(0.5 - distance, 0, 1)
    background = 0.15 + hard * generator.uniform(0, 0.5, (n, 3))
    contrast = 0.7 - hard * generator.uniform(0.3, 0.5, (n, 1)) + hard * generator.uniform(-0.1, 0.1, (n, 3))
    image = background[:, None, None] + contrast[:, None, None] * covered[..., None]
    for _ in range(2):
        image += hard * contrast[:, None, None] * _distraction(n, generator)[..., None]
    image += generator.standard_normal(image.shape, np.float32) * (0.02 + 0.25 * hard)
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _turned(centre: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates float32 [n, SIZE, SIZE] of every pixel, in pixels, as seen from each turned shape."""
    down, right = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    x = (right - centre[0, :, None, None]).astype(np.float32)
    y = (down - centre[1, :, None, None]).astype(np.float32)
    cosine, sine = (f(angle).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
    return cosine * x + sine * y, cosine * y - sine * x


def _distraction(n: int, generator: np.random.Generator) -> np.ndarray:
    """Coverage [n, SIZE, SIZE] of one short bar per image, somewhere."""
    x, y = _turned(generator.uniform(-14, 14, (2, n)), generator.uniform(-np.pi, np.pi, n))
    return np.clip(0.5 - _box(x, y, 5, 1), 0, 1)


def _box(x: np.ndarray, y: np.ndarray, width: np.ndarray | int, height: np.ndarray | int) -> np.ndarray:
    outside: np.ndarray = np.maximum(np.abs(x) - width, np.abs(y) - height)
    return outside


def _disc(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    distance: np.ndarray = np.hypot(x, y) - r
    return distance


def _square(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _box(x, y, 0.85 * r, 0.85 * r)


def _triangle(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    side: np.ndarray = np.maximum(np.abs(x) * 0.866 - y * 0.5 - 0.5 * r, y - 0.5 * r)
    return side


def _cross(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    nearer: np.ndarray = np.minimum(_box(x, y, r, 0.3 * r), _box(x, y, 0.3 * r, r))
    return nearer


def _ring(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    distance: np.ndarray = np.abs(np.hypot(x, y) - 0.8 * r) - 0.2 * r
    return distance


def _stripes(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    bars = np.abs(np.mod(y + r, r * 0.8) - 0.4 * r) - 0.2 * r
    inside: np.ndarray = np.maximum(bars, _box(x, y, r, r))
    return inside


_INSIDE: tuple[Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], ...] = (
    _disc, _square, _triangle, _cross, _ring, _stripes,
)  # fmt: skip
