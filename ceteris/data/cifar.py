"""CIFAR-10 and CIFAR-100 in their official python layout: downloaded, verified, read without trusting their pickles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ceteris.data.archive import read_archive
from ceteris.data.batch_pickle import load_batch
from ceteris.data.cache import Arrays, cached_arrays
from ceteris.data.cifar_release import CIFAR10, CIFAR100, Release
from ceteris.data.digests import digest, digests
from ceteris.data.download import fetch
from ceteris.data.source import DataPlace, Dataset, DataSource, dataset_of
from ceteris.errors import InputError, Problem
from ceteris.registry import register
from ceteris.study.keys import sha256_of
from ceteris.study.record import DataFacts

DECODING = 1
"""Raised whenever the same files would decode to other arrays."""


@register("data")
def cifar10(place: DataPlace) -> DataSource:
    """CIFAR-10: 50,000 + 10,000 photographs, 32x32 colour, 10 classes; downloaded (170 MB) when it is not there.

    Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """
    return Cifar(place, CIFAR10)


@register("data")
def cifar100(place: DataPlace) -> DataSource:
    """CIFAR-100: 50,000 + 10,000 photographs, 32x32 colour, 100 fine classes; downloaded (169 MB) when not there.

    Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """
    return Cifar(place, CIFAR100)


@dataclass(frozen=True)
class Cifar:
    """A release as it lies in `place.data_dir`: extracted folder first, else the official archive, else the network."""

    place: DataPlace
    release: Release

    @property
    def folder(self) -> Path:
        return self.place.data_dir / self.release.folder

    def facts(self) -> DataFacts:
        """Constant for the official release; a modified copy, where allowed, is hashed and decoded once."""
        changed = self._changed() if self.place.allow_modified and self.folder.is_dir() else []
        return self._modified(changed)[0] if changed else self._official_facts()

    def load(self) -> Dataset:
        """Verify and decode. Raises InputError naming every file that is not the official one, unless allowed."""
        if not self.folder.is_dir():
            return dataset_of(self._official_facts(), self._arrays(self._fingerprint(), self._from_archive))
        changed = self._changed()
        if not changed:
            return dataset_of(self._official_facts(), self._arrays(self._fingerprint(), self._from_folder))
        if self.place.allow_modified:
            return dataset_of(*self._modified(changed))
        raise self._refusal(changed)

    def _fingerprint(self) -> str:
        return sha256_of({"data": self.release.name, "archive": self.release.remote.sha256})

    def _official_facts(self) -> DataFacts:
        release = self.release
        counts = release.train_images, release.test_images
        return DataFacts(release.name, self._fingerprint(), True, release.classes, 32, 3, *counts)

    def _modified(self, changed: list[str]) -> tuple[DataFacts, Arrays]:
        release, found = self.release, self._digests()
        fingerprint = sha256_of({"data": release.name, "files": {n: found[n]["sha256"] for n in sorted(found)}})
        arrays = self._arrays(fingerprint, self._from_folder)
        counts = len(arrays["train_labels"]), len(arrays["test_labels"])
        note = f"a modified copy of {release.title}: these files are not the official ones: {', '.join(changed)}"
        classes = _class_names((self.folder / release.meta).read_bytes(), str(self.folder / release.meta), release)
        return DataFacts(release.name, fingerprint, False, classes, 32, 3, *counts, (note,)), arrays

    def _refusal(self, changed: list[str]) -> InputError:
        first, *others = changed
        found, official = self._digests()[first]["md5"], self.release.md5[first]
        what = f"{first} is not the official {self.release.title} file: its md5 is {found}, not {official}"
        also = f"; nor are {', '.join(others)}" if others else ""
        hint = "--allow-modified-data uses it under its own fingerprint; without this folder the official is fetched"
        return InputError(Problem(what + also, str(self.folder / first), hint))

    def _changed(self) -> list[str]:
        """Files that differ from the official ones. Raises InputError for missing ones."""
        missing = [name for name in self.release.md5 if not (self.folder / name).is_file()]
        if missing:
            hint = f"remove the folder, and {self.release.title} is fetched again"
            raise InputError(*(Problem(f"{name} is missing", str(self.folder), hint) for name in missing))
        found = self._digests()
        return [name for name, official in self.release.md5.items() if found[name]["md5"] != official]

    def _digests(self) -> dict[str, dict[str, str]]:
        return digests(self.place.cache_dir, [self.folder / name for name in self.release.md5])

    def _arrays(self, fingerprint: str, make: Callable[[], Arrays]) -> Arrays:
        identity = {"fingerprint": fingerprint, "decoding": DECODING}
        return cached_arrays(self.place.cache_dir, identity, make)

    def _from_folder(self) -> Arrays:
        files = {name: (self.folder / name).read_bytes() for name in self.release.md5}
        for name, known in self._digests().items():
            if digest(files[name]) != known:
                raise InputError(
                    Problem(f"{name} changed while it was read", str(self.folder), "run the command again")
                )
        return self._decode(files, self.folder)

    def _from_archive(self) -> Arrays:
        release, archive = self.release, self.place.data_dir / self.release.archive
        fetch(release.remote, archive, self.place.progress)
        if digests(self.place.cache_dir, [archive])[archive.name]["sha256"] != release.remote.sha256:
            hint = (
                f"remove it to have it fetched again, or unpack it and use {release.folder} with --allow-modified-data"
            )
            raise InputError(Problem(f"{archive.name} is not the official {release.title}", str(archive), hint))
        files = {}
        for name, content in read_archive(archive):
            files[name.removeprefix(f"{release.folder}/")] = content
        return self._decode(files, archive)

    def _decode(self, files: Mapping[str, bytes], where: Path) -> Arrays:
        release, arrays = self.release, dict[str, np.ndarray]()
        classes = len(_class_names(files[release.meta], str(where / release.meta), release))
        for split, names in (("train", release.train), ("test", release.test)):
            parts = []
            for done, name in enumerate(names):
                self.place.progress(f"reading {release.title}", done, len(names))
                parts.append(_images(files[name], str(where / name), release.label_key, classes))
            arrays[f"{split}_pixels"] = np.concatenate([pixels for pixels, _ in parts])
            arrays[f"{split}_labels"] = np.concatenate([labels for _, labels in parts])
        return arrays


def _images(content: bytes, where: str, label_key: bytes, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 [n, 32, 32, 3] and labels int64 [n] of one batch file."""
    batch = load_batch(content, where)
    data, given = batch.get(b"data"), batch.get(label_key)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3072,) or not len(data):
        shown = f"{data.dtype} {list(data.shape)}" if isinstance(data, np.ndarray) else type(data).__name__
        raise InputError(Problem(f"its data must be uint8 [n, 3072], not {shown}", where))
    if not isinstance(given, list) or len(given) != len(data) or not all(type(label) is int for label in given):
        raise InputError(Problem(f"{label_key.decode()} must be a list of {len(data)} whole numbers", where))
    if not all(0 <= label < classes for label in given):
        raise InputError(Problem(f"a label lies outside 0 to {classes - 1}", where))
    pixels = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), np.array(given, dtype=np.int64)


def _class_names(content: bytes, where: str, release: Release) -> tuple[str, ...]:
    names: Any = load_batch(content, where).get(release.names_key)
    if not isinstance(names, list) or len(names) < 2 or not all(isinstance(name, bytes | str) for name in names):
        raise InputError(Problem(f"{release.names_key.decode()} must be a list of at least 2 names", where))
    return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names)
