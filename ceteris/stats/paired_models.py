"""Two trained networks on the same images, and two recipes over repeated splits of the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.intervals import Estimate, mean_of


@dataclass(frozen=True)
class McNemar:
    """How often each of two trained networks alone is right, and the exact p that both are right equally often.

    Attributes:
        first_only, second_only: images that only the first, or only the second, classifies correctly.
        p: two-sided, exact.
    """

    first_only: int
    second_only: int
    p: float


def mcnemar(first: np.ndarray, second: np.ndarray) -> McNemar:
    """McNemar's test (1947), exact: of the images on which the two disagree, each is right on half.

    It is about these two networks only. What another seed of the same recipes would do, it cannot say.

    Args:
        first, second: whether each network classified each image correctly, bool [images], the same images in the same
            order.

    Raises ValueError for arrays of different shapes.
    """
    from scipy.special import bdtr

    if first.shape != second.shape:
        raise ValueError(f"not the same images: {first.shape} and {second.shape}")
    alone = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(*alone, min(1.0, 2 * float(bdtr(min(alone), sum(alone), 0.5))))


def repeated_splits(differences: Sequence[float], test_to_train: float) -> Estimate | None:
    """The mean difference over repeated random splits, by the corrected resampled t-test (Nadeau and Bengio 2003).

    Splits of the same images share training images, so their differences are not independent and the plain t-test is
    far too certain: the squared error is s^2 (1/J + test_to_train) in place of s^2 / J, with J - 1 degrees of freedom.

    Args:
        differences: one per split.
        test_to_train: test images over training images of a split.

    None for fewer than 2 differences, and for differences without spread. Raises ValueError for a ratio below 0.
    """
    if test_to_train < 0:
        raise ValueError(f"a ratio of test to training images cannot be {test_to_train}")
    plain = mean_of(differences)
    if plain is None:
        return None
    return Estimate(plain.value, plain.error * math.sqrt(1 + plain.n * test_to_train), plain.freedom, plain.n)
