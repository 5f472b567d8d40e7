"""The handwritten digits that come with scikit-learn: a real data set without a download."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ceteris.data.source import DataPlace, Dataset, DataSource, Images
from ceteris.data.splits import draw_share
from ceteris.registry import register
from ceteris.study.record import DataFacts

TEST_SHARE = 500 / 1797
FINGERPRINT = "f3f7d97b9ac948a18b686dac0b4a8fce26a4a587b9626213fc982b08a4702e6a"
"""sha256 of train pixels, train labels, test pixels and test labels, one after the other."""


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
        from sklearn.datasets import load_digits

        content = load_digits()
        pixels = np.round(content.images * (255 / 16)).astype(np.uint8)[..., None]
        labels = content.target.astype(np.int64)
        held_out = np.zeros(len(labels), dtype=bool)
        held_out[draw_share(labels, TEST_SHARE, 0, "split/digits-test", where="digits")] = True
        train, test = (Images(pixels[chosen], labels[chosen]) for chosen in (~held_out, held_out))
        return Dataset(self.facts(), train, test)
