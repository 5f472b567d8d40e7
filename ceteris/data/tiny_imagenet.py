"""Tiny ImageNet as its official zip: downloaded, verified, decoded from the zip without unpacking it to disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ceteris.data.cache import Arrays, cached_arrays, remembered
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
def tiny_imagenet(place: DataPlace) -> DataSource:
    """Tiny ImageNet: 100,000 + 10,000 photographs, 64x64 colour, 200 classes; downloaded (248 MB) when not there.

    Stanford CS231n, 2015: a part of ImageNet (Deng et al. 2009). The official validation set is the test set, as the
    official test set has no labels. Grey images become RGB.
    """
    return TinyImageNet(place)


@dataclass(frozen=True)
class TinyImageNet:
    """A release as it lies in `place.data_dir`: the archive first, else the extracted folder, else the network.

    Only the archive can be told to be official: nobody has published digests of the single files.
    """

    place: DataPlace
    release: Release = TINY_IMAGENET

    @property
    def archive(self) -> Path:
        return self.place.data_dir / self.release.remote.file_name

    def facts(self) -> DataFacts:
        """Constant for the official release; another copy, where allowed, is hashed once."""
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
        return dataset_of(facts, self._arrays(facts, lambda: self._decode(copy, facts.fingerprint)))

    def _other_copy(self) -> Path | None:
        """What is there instead of the official archive."""
        if self.archive.is_file():
            official = digests(self.place.cache_dir, [self.archive])[self.archive.name]["sha256"]
            return None if official == self.release.remote.sha256 else self.archive
        folder = self.place.data_dir / FOLDER
        return folder if folder.is_dir() else None

    def _official_facts(self) -> DataFacts:
        release = self.release
        fingerprint = sha256_of({"data": "tiny-imagenet", "archive": release.remote.sha256})
        counts = release.train_images, release.test_images
        return DataFacts("tiny-imagenet", fingerprint, True, release.classes, SIZE, 3, *counts)

    def _facts_of(self, copy: Path) -> DataFacts:
        def describe() -> dict[str, object]:
            files = self._read(copy)
            layout = read_layout(files, str(copy))
            counts = {"train": len(layout.train), "test": len(layout.test)}
            return {"fingerprint": _fingerprint(files), "classes": layout.classes, **counts}

        identity = {"tiny-imagenet": ImageTree(copy).stamps(), "decoding": DECODING}
        known = remembered(self.place.cache_dir, identity, describe)
        kind = "an archive other than the official one" if copy == self.archive else "an extracted folder"
        note = f"a copy of {TITLE} that may be modified: {kind} ({copy.name})"
        classes, counts = tuple(known["classes"]), (known["train"], known["test"])
        return DataFacts("tiny-imagenet", known["fingerprint"], False, classes, SIZE, 3, *counts, (note,))

    def _refusal(self, copy: Path) -> InputError:
        allow = "--allow-modified-data uses it under its own fingerprint"
        if copy == self.archive:
            found = digests(self.place.cache_dir, [copy])[copy.name]["md5"]
            what = f"{copy.name} is not the official {TITLE}: its md5 is {found}, not {self.release.remote.md5}"
            return InputError(Problem(what, str(copy), f"remove it to have it fetched again; {allow}"))
        what = f"an extracted folder cannot be told from the official {TITLE}: only the archive has a published digest"
        hint = f"put {self.archive.name} beside it, or remove it to have the archive fetched; {allow}"
        return InputError(Problem(what, str(copy), hint))

    def _arrays(self, facts: DataFacts, make: Callable[[], Arrays]) -> Arrays:
        return cached_arrays(self.place.cache_dir, {"fingerprint": facts.fingerprint, "decoding": DECODING}, make)

    def _decode_official(self) -> Arrays:
        fetch(self.release.remote, self.archive, self.place.progress)
        return self._decode(self.archive)

    def _decode(self, copy: Path, fingerprint: str | None = None) -> Arrays:
        files = self._read(copy)
        if fingerprint is not None and _fingerprint(files) != fingerprint:
            raise InputError(Problem("it changed while it was read", str(copy), "run the command again"))
        layout = read_layout(files, str(copy))
        return decode_images(
            layout, files.items(), size=SIZE, channels=3, where=str(copy), progress=self.place.progress
        )

    def _read(self, copy: Path) -> dict[str, bytes]:
        """Path below the top folder -> content, of all files in use (the official ones take 220 MB)."""
        files, top = {}, f"{FOLDER}/"
        for name, content in ImageTree(copy).contents(lambda name: is_used(name.removeprefix(top))):
            files[name.removeprefix(top)] = content
            if len(files) % 1000 == 0:
                self.place.progress(f"reading {copy.name}", len(files), 0)
        return files


def _fingerprint(files: dict[str, bytes]) -> str:
    contents = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return sha256_of({"data": "tiny-imagenet", "files": contents})
