"""The handwritten digits that come with scikit-learn: a real data set without a download."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ceteris.data.source import DataPlace, Dataset, DataSource, Images
from ceteris.data.splits import draw_share
from ceteris.errors import InputError, Problem
from ceteris.registry import register
from ceteris.study.record import DataFacts

TEST_SHARE = 500 / 1797
FINGERPRINT = "f3f7d97b9ac948a18b686dac0b4a8fce26a4a587b9626213fc982b08a4702e6a"
"""sha256 of train pixels, train labels, test pixels and test labels, one after the other."""

FILE = ("datasets", "data", "digits.csv.gz")
AGAIN = "install scikit-learn again: pip install --force-reinstall scikit-learn"


@register("data")
def digits(place: DataPlace) -> DataSource:
    """Handwritten digits of 43 people, 8x8 grey, 1,297 train and 500 test; comes with scikit-learn.

    Alpaydin and Kaynak 1998 (UCI, "optical recognition of handwritten digits"), its test part. The 17 grey levels are
    spread over 0..255; the division into train and test is stratified and fixed.
    """
    return _Digits()


@dataclass(frozen=True)
class _Digits:
    def facts(self) -> DataFacts:
        names = tuple(str(digit) for digit in range(10))
        return DataFacts("digits", FINGERPRINT, True, names, 8, 1, 1297, 500)

    def load(self) -> Dataset:
        levels, labels = _levels_and_labels()
        pixels = np.round(levels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
        held_out = np.zeros(len(labels), dtype=bool)
        held_out[draw_share(labels, TEST_SHARE, 0, "split/digits-test", where="digits")] = True
        train, test = (Images(pixels[chosen], labels[chosen]) for chosen in (~held_out, held_out))
        if _digest(train, test) != FINGERPRINT:
            raise InputError(Problem("the digits are not those that scikit-learn always had", "digits", AGAIN))
        return Dataset(self.facts(), train, test)


def _digest(*splits: Images) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.pixels.tobytes())
        digest.update(split.labels.tobytes())
    return digest.hexdigest()


def _levels_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """Grey levels 0..16 [1797, 64] and digits int64 [1797], in scikit-learn's order.

    Read from its file where that is in its usual place: importing `sklearn.datasets` takes every worker a second.
    Raises InputError for a damaged file.
    """
    found = find_spec("sklearn")
    folders = (found.submodule_search_locations if found else None) or ()
    for file in (Path(folder, *FILE) for folder in folders):
        if file.exists():
            try:
                numbers = gzip.decompress(file.read_bytes()).decode().replace("\n", ",").strip(",").split(",")
                content = np.array(numbers, dtype=np.float64).reshape(1797, 65)
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise InputError(Problem(f"the digits cannot be read: {error}", str(file), AGAIN)) from error
            return content[:, :-1], content[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    return levels, labels.astype(np.int64)
