"""All image files of a data set into arrays, by several threads."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.data.cache import Arrays, Space
from ceteris.data.decode import decode_image
from ceteris.data.layout import Layout
from ceteris.data.source import Progress
from ceteris.errors import InputError, Problem

SHOWN = 10
CHUNK, CHUNK_BYTES = 64, 4 << 20
"""Images, and bytes of files or of pixels, that a thread takes at once: one image a time would cost more than half."""
File = tuple[str, bytes]


def decode_images(
    layout: Layout,
    files: Iterable[tuple[str, bytes]],
    digests: Mapping[str, str] | None = None,
    *,
    space: Space,
    size: int,
    channels: int,
    where: str,
    progress: Progress,
) -> Arrays:
    """`train_labels` and `test_labels`, in the order of the layout; pixels go to the space of the same names.

    No more than a few chunks of files and pixels are in memory at a time.

    Args:
        layout: which images, and their labels.
        files: path and content, in any order; those that are not in the layout are passed over.
        digests: path -> sha256 that the content must have; not checked when None.
        space: gives `train_pixels` and `test_pixels`, uint8 [n, size, size, channels], their place.
        size, channels: of every image, see `decode_image`.
        where: the files lie; progress is told after every chunk of images.

    Raises InputError naming up to SHOWN broken images, and when images are missing.
    """
    rows, problems, done = _rows(layout), list[Problem](), 0
    images = {"train": layout.train, "test": layout.test}
    pixels = {split: space(f"{split}_pixels", (len(own), size, size, channels)) for split, own in images.items()}
    wanted = _chunks((file for file in files if file[0] in rows), size * size * channels)

    def decode(chunk: list[File]) -> list[np.ndarray | Problem]:
        return [_decoded(name, content, digests, size, channels) for name, content in chunk]

    with warnings.catch_warnings(), closing(_in_threads(decode, wanted)) as chunks:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # decode_image has a lower limit of its own
        for chunk, decoded in chunks:
            for (name, _), image in zip(chunk, decoded, strict=True):
                if isinstance(image, Problem):
                    problems.append(image)
                else:
                    split, row = rows[name]
                    pixels[split][row] = image
            done += len(chunk)
            progress(f"decoding {Path(where).name}", done, len(rows))
    if done < len(rows):
        problems.append(Problem("images vanished while they were read", where, "run the command again"))
    if problems:
        raise InputError(*_listed(problems, where))
    return {f"{split}_labels": np.array([label for _, label in own], np.int64) for split, own in images.items()}


def _chunks(files: Iterable[File], pixels: int) -> Iterator[list[File]]:
    """Files in lists worth a thread's while: of many images, or of many bytes to read or to write."""
    chunk: list[File] = []
    weight = 0
    for name, content in files:
        chunk.append((name, content))
        weight += max(len(content), pixels)
        if len(chunk) >= CHUNK or weight >= CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _in_threads(
    work: Callable[[list[File]], list[np.ndarray | Problem]], chunks: Iterable[list[File]]
) -> Generator[tuple[list[File], list[np.ndarray | Problem]], None, None]:
    """Chunks in order with what became of them, one a core at work and one more waiting."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    begun: deque[tuple[list[File], Future[list[np.ndarray | Problem]]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for chunk in chunks:
            begun.append((chunk, pool.submit(work, chunk)))
            if len(begun) > cores:
                first, made = begun.popleft()
                yield first, made.result()
        for first, made in begun:
            yield first, made.result()


def _decoded(
    name: str, content: bytes, digests: Mapping[str, str] | None, size: int, channels: int
) -> np.ndarray | Problem:
    """Pixels [size, size, channels], or what is wrong."""
    if digests is not None and hashlib.sha256(content).hexdigest() != digests[name]:
        return Problem("changed while it was read", name, "run the command again")
    try:
        return decode_image(content, name, size, channels)
    except InputError as error:
        return error.problems[0]


def _rows(layout: Layout) -> dict[str, tuple[str, int]]:
    splits = {"train": layout.train, "test": layout.test}
    return {name: (split, row) for split, images in splits.items() for row, (name, _) in enumerate(images)}


def _listed(problems: list[Problem], where: str) -> Iterator[Problem]:
    """The first of them by name, and how many more there are."""
    ordered = sorted(problems, key=lambda problem: problem.where)
    yield from ordered[:SHOWN]
    if len(ordered) > SHOWN:
        yield Problem(f"{len(ordered) - SHOWN} more images are broken", where)
