"""All image files of a data set into arrays, by several threads."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.data.cache import Arrays
from ceteris.data.decode import decode_image
from ceteris.data.layout import Layout
from ceteris.data.source import Progress
from ceteris.errors import InputError, Problem

SHOWN = 10
AT_ONCE = 256


def decode_images(
    layout: Layout,
    files: Iterable[tuple[str, bytes]],
    digests: Mapping[str, str] | None = None,
    *,
    size: int,
    channels: int,
    where: str,
    progress: Progress,
) -> Arrays:
    """`train_pixels`, `train_labels`, `test_pixels` and `test_labels`, in the order of the layout.

    Args:
        layout: which images, and their labels.
        files: path and content, in any order; those that are not in the layout are passed over.
        digests: path -> sha256 that the content must have; not checked when None.
        size, channels: of every image, see `decode_image`.
        where: the files lie; progress is told after every AT_ONCE images.

    Raises InputError naming up to SHOWN broken images, and when images are missing.
    """
    rows, arrays, problems, done = _rows(layout), _empty(layout, size, channels), list[Problem](), 0

    def decode(file: tuple[str, bytes]) -> Problem | None:
        split, row = rows[file[0]]
        return _decode_into(arrays[f"{split}_pixels"][row], *file, digests)

    wanted = ((name, content) for name, content in files if name in rows)
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # decode_image has a lower limit of its own
        while some := list(islice(wanted, AT_ONCE)):
            problems += filter(None, pool.map(decode, some))
            done += len(some)
            progress(f"decoding {Path(where).name}", done, len(rows))
    if done < len(rows):
        problems.append(Problem("images vanished while they were read", where, "run the command again"))
    if problems:
        raise InputError(*_listed(problems, where))
    return arrays


def _decode_into(target: np.ndarray, name: str, content: bytes, digests: Mapping[str, str] | None) -> Problem | None:
    """Fill `target` [size, size, channels], or say what is wrong."""
    if digests is not None and hashlib.sha256(content).hexdigest() != digests[name]:
        return Problem("changed while it was read", name, "run the command again")
    try:
        target[:] = decode_image(content, name, target.shape[0], target.shape[2])
    except InputError as error:
        return error.problems[0]
    return None


def _rows(layout: Layout) -> dict[str, tuple[str, int]]:
    splits = {"train": layout.train, "test": layout.test}
    return {name: (split, row) for split, images in splits.items() for row, (name, _) in enumerate(images)}


def _empty(layout: Layout, size: int, channels: int) -> Arrays:
    arrays = {}
    for split, images in (("train", layout.train), ("test", layout.test)):
        arrays[f"{split}_pixels"] = np.zeros((len(images), size, size, channels), np.uint8)
        arrays[f"{split}_labels"] = np.array([label for _, label in images], np.int64)
    return arrays


def _listed(problems: list[Problem], where: str) -> Iterator[Problem]:
    """The first of them by name, and how many more there are."""
    ordered = sorted(problems, key=lambda problem: problem.where)
    yield from ordered[:SHOWN]
    if len(ordered) > SHOWN:
        yield Problem(f"{len(ordered) - SHOWN} more images are broken", where)
