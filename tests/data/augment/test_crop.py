import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ceteris.data.augment.crop import crop
from ceteris.errors import InputError


@given(st.integers(0, 5), st.integers(1, 9), st.sampled_from([1, 3]), st.integers(1, 6), st.integers(0, 999))
def test_it_is_pad_and_slice_image_by_image(padding, size, channels, batch, seed):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (batch, size, size, channels), dtype=np.uint8)
    augmentation = crop(padding=padding)
    draws = augmentation.draw(generator, batch, size)
    got = augmentation(torch.from_numpy(pixels), {name: torch.from_numpy(rows) for name, rows in draws.items()})
    for image, (down, right), cut in zip(pixels, draws["offset"], got.numpy(), strict=True):
        padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
        assert np.array_equal(cut, padded[down : down + size, right : right + size])


def test_every_offset_is_equally_likely():
    offsets = crop(padding=2).draw(np.random.default_rng(0), 25_000, 8)["offset"]
    cells = np.bincount(offsets[:, 0] * 5 + offsets[:, 1], minlength=25)
    assert len(cells) == 25
    # Chi-squared with 24 degrees of freedom: 1e-6 quantile.
    assert ((cells - 1000) ** 2 / 1000).sum() < 73.0


def test_negative_padding_is_refused():
    with pytest.raises(InputError, match="padding must be at least 0"):
        crop(padding=-1)
