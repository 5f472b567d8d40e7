"""Which class and which split the images of a tree belong to, by the folders they lie in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ceteris.data.splits import draw_share
from ceteris.errors import InputError, Problem

TEST_FOLDERS = ("test", "val")


@dataclass(frozen=True)
class Layout:
    """Images in order, and what they are.

    Attributes:
        classes: folder names, sorted.
        train, test: (relative path, label), sorted by path.
        notes: what was left out.
    """

    classes: tuple[str, ...]
    train: list[tuple[str, int]]
    test: list[tuple[str, int]]
    notes: tuple[str, ...]


def find_layout(names: Collection[str], test: float, where: str) -> Layout:
    """Read `train/<class>/...` beside `test/<class>/...` (or `val/`), else `<class>/...` with a drawn test share.

    Args:
        names: relative paths of image files. A single folder around everything does not count.
        test: share of every class for testing, where there is no folder for it.
        where: the tree, for errors.

    Raises InputError for no image, one class only, a class in one split only, and a class of fewer than 2 images.
    """
    if not names:
        raise InputError(Problem("there is no image in it", where, "it needs <class>/*.png or train/<class>/*.png"))
    ordered, depth = sorted(names), 0
    while _shared_folder(ordered, depth):
        depth += 1
    paths = {name: name.split("/")[depth:] for name in ordered}
    tops = {parts[0] for parts in paths.values() if len(parts) > 1}
    held_out = next((folder for folder in TEST_FOLDERS if folder in tops), None)
    if "train" in tops and held_out:
        return _given(paths, held_out, where)
    return _drawn(paths, test, where)


def _shared_folder(names: list[str], depth: int) -> bool:
    """Whether everything lies in one more folder that is no class: each image has two folders left."""
    parts = [name.split("/")[depth:] for name in names]
    return all(len(steps) > 2 for steps in parts) and len({steps[0] for steps in parts}) == 1


def _given(paths: dict[str, list[str]], held_out: str, where: str) -> Layout:
    members: dict[str, dict[str, str]] = {"train": {}, held_out: {}}
    for name, steps in paths.items():
        if steps[0] in members and len(steps) > 2:
            members[steps[0]][name] = steps[1]
    train, test = members.values()
    lone = sorted(set(train.values()) ^ set(test.values()))
    if lone:
        shown = ", ".join(lone[:5]) + (f" and {len(lone) - 5} more" if len(lone) > 5 else "")
        what = f"classes that are in train/ or in {held_out}/ but not in both: {shown}"
        raise InputError(Problem(what, where, "every class needs a folder with images in both"))
    classes = _checked(Counter(train.values()), where)
    notes = _left_out(len(paths) - len(train) - len(test), f"train/<class>/ and {held_out}/<class>/")
    return Layout(classes, _labelled(train, classes), _labelled(test, classes), notes)


def _drawn(paths: dict[str, list[str]], test: float, where: str) -> Layout:
    members = {name: steps[0] for name, steps in paths.items() if len(steps) > 1}
    classes = _checked(Counter(members.values()), where)
    images = _labelled(members, classes)
    labels = np.array([label for _, label in images], dtype=np.int64)
    chosen = set(draw_share(labels, test, 0, "split/folder-test", where="test").tolist())
    train, held_out = ([image for row, image in enumerate(images) if (row in chosen) is kept] for kept in (False, True))
    return Layout(classes, train, held_out, _left_out(len(paths) - len(members), "class folders"))


def _checked(counts: Counter[str], where: str) -> tuple[str, ...]:
    if len(counts) < 2:
        what = f"there is one class only: {next(iter(counts))}" if counts else "there are no class folders"
        raise InputError(Problem(what, where, "it needs a folder for each of at least 2 classes"))
    few = [name for name in sorted(counts) if counts[name] < 2]
    if few:
        raise InputError(
            Problem(f"fewer than 2 images of: {', '.join(few[:10])}", where, "add images, or drop the class")
        )
    return tuple(sorted(counts))


def _labelled(members: dict[str, str], classes: tuple[str, ...]) -> list[tuple[str, int]]:
    label = {name: number for number, name in enumerate(classes)}
    return [(name, label[folder]) for name, folder in sorted(members.items())]


def _left_out(images: int, place: str) -> tuple[str, ...]:
    return (f"{images} images outside {place} are not used",) if images else ()
