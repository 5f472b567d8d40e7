"""Image files that are there twice: in training and test alike, or under two classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ceteris.data.layout import Layout

SHOWN = 3


def duplicate_notes(layout: Layout, digests: Mapping[str, str]) -> tuple[str, ...]:
    """What a reader must know of images with the very same bytes; empty when every image is there once.

    Args:
        layout: which images are for training and for test.
        digests: path -> sha256 of the content.
    """
    trained = _by_content(layout.train, digests)
    leaked = [(name, trained[digests[name]][0][0]) for name, _ in layout.test if digests[name] in trained]
    notes = []
    if leaked:
        what = f"leakage: {len(leaked)} of {len(layout.test)} test images are training images, too"
        notes.append(f"{what} ({listed(f'{name} = {twin}' for name, twin in leaked)})")
    everywhere = _by_content([*layout.train, *layout.test], digests)
    torn = [[name for name, _ in images] for images in everywhere.values() if len({label for _, label in images}) > 1]
    if torn:
        what = f"{len(torn)} {'images stand' if len(torn) > 1 else 'image stands'} under more than one class"
        notes.append(f"{what}, so some labels are wrong ({listed(' = '.join(names) for names in torn)})")
    return tuple(notes)


def _by_content(images: Iterable[tuple[str, int]], digests: Mapping[str, str]) -> dict[str, list[tuple[str, int]]]:
    found = defaultdict(list)
    for image in images:
        found[digests[image[0]]].append(image)
    return dict(found)


def listed(said: Iterable[str]) -> str:
    """The first SHOWN in order, and how many more there are."""
    every = sorted(said)
    more = [f"and {len(every) - SHOWN} more"] if len(every) > SHOWN else []
    return ", ".join([*every[:SHOWN], *more])
