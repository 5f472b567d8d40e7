"""Which class every image of a Tiny ImageNet copy belongs to, and what the classes are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from ceteris.data.layout import Layout
from ceteris.errors import InputError, Problem

WNIDS, WORDS, ANNOTATIONS = "wnids.txt", "words.txt", "val/val_annotations.txt"
SHOWN = 5
_AGAIN = "get the official archive again, or mend this copy"


def is_used(name: str) -> bool:
    """Whether a file (path below the top folder) is read: labelled images, and the texts that say what they are."""
    folder, suffix = name.startswith(("train/", "val/images/")), name.lower().endswith(".jpeg")
    return name in (WNIDS, WORDS, ANNOTATIONS) or (folder and suffix)


def read_layout(files: Mapping[str, bytes], where: str, classes: int | None = None) -> Layout:
    """Classes in the order of wnids.txt; train/ for training, val/ with its annotations for testing.

    Args:
        files: path below the top folder -> content, as `is_used` chooses; the content of images does not matter.
        where: the copy, for errors.
        classes: leave out all but the first of them, once everything is known to fit together; None for all.

    Raises InputError for texts that are missing or contradict the images, and classes with too few images.
    """
    missing = [name for name in (WNIDS, WORDS, ANNOTATIONS) if name not in files]
    if missing:
        raise InputError(*(Problem(f"{name} is missing", where, _AGAIN) for name in missing))
    wnids = _text(files[WNIDS]).split()
    label = {wnid: number for number, wnid in enumerate(wnids)}
    if len(label) < max(2, len(wnids)):
        raise InputError(Problem(f"{WNIDS} must list at least 2 classes, each once", where, _AGAIN))
    words = dict(line.split("\t")[:2] for line in _text(files[WORDS]).splitlines() if "\t" in line)
    annotated = dict(line.split("\t")[:2] for line in _text(files[ANNOTATIONS]).splitlines() if "\t" in line)
    test = {f"val/images/{name}": wnid for name, wnid in annotated.items()}
    train = {name: name.split("/")[1] for name in files if name.startswith("train/")}
    problems = [
        *_named("classes without a name in words.txt", [wnid for wnid in wnids if wnid not in words], where),
        *_named("images of classes that wnids.txt does not list", _strange(train | test, label), where),
        *_named(f"{ANNOTATIONS} names images that are not there", test.keys() - files.keys(), where),
        *_named(f"images that {ANNOTATIONS} does not name", _validation(files) - test.keys(), where),
        *_named("classes with fewer than 2 images in train/", _rare(train, wnids, 2), where),
        *_named("classes without an image in val/", _rare(test, wnids, 1), where),
    ]
    if problems:
        raise InputError(*problems)
    chosen = {wnid: label[wnid] for wnid in wnids[:classes]}
    names = _class_names(wnids, words)[:classes]
    return Layout(names, _labelled(train, chosen), _labelled(test, chosen), ())


def _class_names(wnids: list[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """The first synonym of each, with the wnid where two classes share it."""
    names = [words[wnid].split(",")[0].strip() for wnid in wnids]
    shared = {name for name, count in Counter(names).items() if count > 1}
    return tuple(f"{name} ({wnid})" if name in shared else name for name, wnid in zip(names, wnids, strict=True))


def _labelled(images: Mapping[str, str], label: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, label[wnid]) for name, wnid in sorted(images.items()) if wnid in label]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _strange(images: Mapping[str, str], label: Mapping[str, int]) -> list[str]:
    return [name for name, wnid in images.items() if wnid not in label]


def _validation(files: Mapping[str, bytes]) -> set[str]:
    return {name for name in files if name.startswith("val/images/")}


def _rare(images: Mapping[str, str], wnids: list[str], least: int) -> list[str]:
    counts = Counter(images.values())
    return [wnid for wnid in wnids if counts[wnid] < least]


def _named(what: str, names: Collection[str], where: str) -> Iterator[Problem]:
    """One mistake with the first names, where there is any."""
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield Problem(f"{what}: {', '.join(sorted(names)[:SHOWN])}{more}", where, _AGAIN)
