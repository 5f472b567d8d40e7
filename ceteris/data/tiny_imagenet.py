"""Tiny ImageNet as its official zip: downloaded, verified, decoded from the zip without unpacking it to disk."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ceteris.data.cache import Arrays, Space, cached_rows, remembered
from ceteris.data.decoding import decode_images
from ceteris.data.digests import digests
from ceteris.data.download import fetch
from ceteris.data.image_tree import ImageTree
from ceteris.data.source import DataPlace, Dataset, DataSource, dataset_of
from ceteris.data.tiny_imagenet_layout import is_used, read_layout
from ceteris.data.tiny_imagenet_release import TINY_IMAGENET, Release
from ceteris.errors import InputError, Problem
from ceteris.registry import register
from ceteris.study.keys import sha256_of
from ceteris.study.record import DataFacts

TITLE = "Tiny ImageNet"
FOLDER = "tiny-imagenet-200"
SIZE = 64
DECODING = 1
"""Raised whenever the same files would decode to other pixels."""


@register("data")
def tiny_imagenet(place: DataPlace, *, classes: int | None = None) -> DataSource:
    """Tiny ImageNet: 100,000 + 10,000 photographs, 64x64 colour, 200 classes; downloaded (248 MB) when not there.

    Stanford CS231n, 2015: a part of ImageNet (Deng et al. 2009). The official validation set is the test set, as the
    official test set has no labels. Grey images become RGB.

    Args:
        classes: use only that many, the first of wnids.txt, with all their images; at least 2, None for all. Images,
            labels and names stay what they are; the fingerprint is another one.
    """
    return TinyImageNet(place, classes=classes)


@dataclass(frozen=True)
class TinyImageNet:
    """A release as it lies in `place.data_dir`: the archive first, else the extracted folder, else the network.

    Only the archive can be told to be official: nobody has published digests of the single files.
    """

    place: DataPlace
    release: Release = TINY_IMAGENET
    classes: int | None = None

    @property
    def archive(self) -> Path:
        return self.place.data_dir / self.release.remote.file_name

    def facts(self) -> DataFacts:
        """Constant for the official release; another copy, where allowed, is hashed once.

        Raises InputError for fewer than 2 classes, and for more than there are.
        """
        copy = self._other_copy() if self.place.allow_modified else None
        return self._facts_of(copy) if copy else self._official_facts()

    def load(self) -> Dataset:
        """Verify and decode, or map the cache. Raises InputError for a copy that is not official, unless allowed."""
        copy = self._other_copy()
        if copy is None:
            facts = self._official_facts()
            return dataset_of(facts, self._arrays(facts, self._decode_official))
        if not self.place.allow_modified:
            raise self._refusal(copy)
        facts = self._facts_of(copy)
        return dataset_of(facts, self._arrays(facts, lambda space: self._decode(copy, space, facts.fingerprint)))

    def _other_copy(self) -> Path | None:
        """What is there instead of the official archive."""
        if self.archive.is_file():
            official = digests(self.place.cache_dir, [self.archive])[self.archive.name]["sha256"]
            return None if official == self.release.remote.sha256 else self.archive
        folder = self.place.data_dir / FOLDER
        return folder if folder.is_dir() else None

    def _official_facts(self) -> DataFacts:
        release = self.release
        classes, notes = self._chosen(release.classes)
        fingerprint = self._of_part(sha256_of({"data": "tiny-imagenet", "archive": release.remote.sha256}))
        train, test = len(classes) * release.train_images_of_each, len(classes) * release.test_images_of_each
        return DataFacts("tiny-imagenet", fingerprint, True, classes, SIZE, 3, train, test, notes)

    def _facts_of(self, copy: Path) -> DataFacts:
        def describe() -> dict[str, object]:
            files = self._read(copy)
            layout = read_layout(files, str(copy))
            counts = {"train": _per_class(layout.train), "test": _per_class(layout.test)}
            return {"fingerprint": _fingerprint(files), "classes": layout.classes, **counts}

        identity = {"tiny-imagenet, per class": ImageTree(copy).stamps(), "decoding": DECODING}
        known = remembered(self.place.cache_dir, identity, describe)
        kind = "an archive other than the official one" if copy == self.archive else "an extracted folder"
        note = f"a copy of {TITLE} that may be modified: {kind} ({copy.name})"
        classes, notes = self._chosen(tuple(known["classes"]))
        train, test = (sum(known[split][: len(classes)]) for split in ("train", "test"))
        fingerprint = self._of_part(known["fingerprint"])
        return DataFacts("tiny-imagenet", fingerprint, False, classes, SIZE, 3, train, test, (note, *notes))

    def _chosen(self, known: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the classes in use, and a note when they are a part."""
        if self.classes is None:
            return known, ()
        if not 2 <= self.classes <= len(known):
            raise InputError(f"tiny-imagenet: classes must be 2 to {len(known)}, not {self.classes}")
        return known[: self.classes], (f"the first {self.classes} of the {len(known)} classes of {TITLE}",)

    def _of_part(self, fingerprint: str) -> str:
        """The fingerprint of the classes in use, given that of all."""
        return fingerprint if self.classes is None else sha256_of({"first": self.classes, "of": fingerprint})

    def _refusal(self, copy: Path) -> InputError:
        allow = "--allow-modified-data uses it under its own fingerprint"
        if copy == self.archive:
            found = digests(self.place.cache_dir, [copy])[copy.name]["md5"]
            what = f"{copy.name} is not the official {TITLE}: its md5 is {found}, not {self.release.remote.md5}"
            return InputError(Problem(what, str(copy), f"remove it to have it fetched again; {allow}"))
        what = f"an extracted folder cannot be told from the official {TITLE}: only the archive has a published digest"
        hint = f"put {self.archive.name} beside it, or remove it to have the archive fetched; {allow}"
        return InputError(Problem(what, str(copy), hint))

    def _arrays(self, facts: DataFacts, make: Callable[[Space], Arrays]) -> Arrays:
        return cached_rows(self.place.cache_dir, {"fingerprint": facts.fingerprint, "decoding": DECODING}, make)

    def _decode_official(self, space: Space) -> Arrays:
        fetch(self.release.remote, self.archive, self.place.progress)
        return self._decode(self.archive, space)

    def _decode(self, copy: Path, space: Space, fingerprint: str | None = None) -> Arrays:
        files = self._read(copy)
        if fingerprint is not None and self._of_part(_fingerprint(files)) != fingerprint:
            raise InputError(Problem("it changed while it was read", str(copy), "run the command again"))
        layout = read_layout(files, str(copy), self.classes)
        return decode_images(
            layout, files.items(), space=space, size=SIZE, channels=3, where=str(copy), progress=self.place.progress
        )

    def _read(self, copy: Path) -> dict[str, bytes]:
        """Path below the top folder -> content, of all files in use (the official ones take 220 MB)."""
        files, top = {}, f"{FOLDER}/"
        for name, content in ImageTree(copy).contents(lambda name: is_used(name.removeprefix(top))):
            files[name.removeprefix(top)] = content
            if len(files) % 1000 == 0:
                self.place.progress(f"reading {copy.name}", len(files), 0)
        return files


def _per_class(images: list[tuple[str, int]]) -> list[int]:
    """How many images each class has, in label order."""
    counts = Counter(label for _, label in images)
    return [counts[label] for label in sorted(counts)]


def _fingerprint(files: dict[str, bytes]) -> str:
    contents = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return sha256_of({"data": "tiny-imagenet", "files": contents})
