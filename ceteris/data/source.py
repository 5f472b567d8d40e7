"""What every data set part returns: facts that plan a study, and arrays when it runs. Never imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ceteris.study.record import DataFacts

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done so far, total) during long reads; total 0 when it is not known."""


def no_progress(what: str, done: int, total: int) -> None:
    """Watch nothing."""


@dataclass(frozen=True)
class Images:
    """One split: pixels uint8 [n, size, size, channels] (perhaps memory-mapped), labels int64 [n]."""

    pixels: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """A data set in memory, or mapped from the decode cache."""

    facts: DataFacts
    train: Images
    test: Images


def dataset_of(facts: DataFacts, arrays: Mapping[str, np.ndarray]) -> Dataset:
    """The data set of `train_pixels`, `train_labels`, `test_pixels` and `test_labels`."""
    train, test = (Images(arrays[f"{split}_pixels"], arrays[f"{split}_labels"]) for split in ("train", "test"))
    return Dataset(facts, train, test)


@dataclass(frozen=True)
class DataPlace:
    """Where data sets lie and what is allowed there; never part of a key.

    Attributes:
        data_dir: where data sets lie, or are downloaded to.
        cache_dir: where decoded arrays are kept.
        allow_modified: use a copy that differs from the official data set, under its own fingerprint.
        progress: told about downloads and decoding.
    """

    data_dir: Path
    cache_dir: Path
    allow_modified: bool = False
    progress: Progress = no_progress


class DataSource(Protocol):
    """What a builder registered as "data" returns."""

    def facts(self) -> DataFacts:
        """Cheap: no download, and no decoding of an official data set."""

    def load(self) -> Dataset:
        """Download, verify, decode (or map the cache). Raises InputError with the file's name when it cannot."""
