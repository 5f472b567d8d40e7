"""Which images are used for what: exact stratified divisions, each from its own stream."""

from __future__ import annotations

import numpy as np

from ceteris.errors import InputError, Problem
from ceteris.study.streams import stream


def split_images(
    labels: np.ndarray, validation: float, seed: int, limit: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Divide training images into those trained on and those validated on.

    Args:
        labels: int64 [n], of all training images.
        validation: share for validation, between 0 and 1; a class gives its share to within one image, and at least 1.
        seed: of the split, not of the trial.
        limit: use only that many images, chosen first; None for all.

    Returns sorted indices (train int64 [t], validation int64 [v]). Raises InputError where a class would be left
    without an image in either part.
    """
    used = limit_images(labels, limit, seed, option="split.train_images")
    held_out = used[draw_share(labels[used], validation, seed, "split/validation", where="split.validation")]
    return np.setdiff1d(used, held_out, assume_unique=True), held_out


def limit_images(labels: np.ndarray, limit: int | None, seed: int, option: str = "split.test_images") -> np.ndarray:
    """Sorted indices int64 [m] of at most `limit` images, classes in proportion to within one image.

    Raises InputError, naming `option`, where a class would be left without an image.
    """
    if limit is None or limit >= len(labels):
        return np.arange(len(labels))
    _, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = _shares(counts, limit)
    if not shares.all():
        hint = f"there are {len(counts)} classes: use more images"
        raise InputError(Problem(f"with {limit} images some class would have none", option, hint))
    return _draw(member, shares, seed, "split/limit")


def draw_share(labels: np.ndarray, share: float, seed: int, name: str, where: str) -> np.ndarray:
    """Sorted indices int64 [m] of that share of every class, at least one image of each.

    Args:
        labels: int64 [n].
        share: between 0 and 1.
        seed, name: of the stream.
        where: the option named in an error.

    Raises InputError where a class would have no image left over.
    """
    if not 0 < share < 1:
        raise InputError(Problem(f"a share of images must lie between 0 and 1, not {share}", where))
    classes, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = np.maximum(_shares(counts, round(len(labels) * share)), 1)
    if (short := np.flatnonzero(shares >= counts)).size:
        what = f"class {classes[short[0]]} has {counts[short[0]]} images: too few to divide at {share}"
        raise InputError(Problem(what, where, "use more images of it, or another share"))
    return _draw(member, shares, seed, name)


def _shares(counts: np.ndarray, total: int) -> np.ndarray:
    """`total` divided in proportion to `counts` by largest remainders, in whole numbers throughout."""
    shares, remainders = np.divmod(counts * total, counts.sum())
    shares[np.argsort(-remainders, kind="stable")[: total - shares.sum()]] += 1
    return shares


def _draw(member: np.ndarray, shares: np.ndarray, seed: int, name: str) -> np.ndarray:
    """Sorted indices of `shares[k]` random images of every class k."""
    shuffled = stream(seed, name).permutation(len(member))
    by_class = shuffled[np.argsort(member[shuffled], kind="stable")]
    counts = np.bincount(member, minlength=len(shares))
    rank = np.arange(len(member)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[rank < np.repeat(shares, counts)])
