import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ceteris.data.augment.translate import translate
from ceteris.errors import InputError


@given(st.integers(0, 4), st.integers(5, 9), st.sampled_from([1, 3]), st.integers(1, 6), st.integers(0, 999))
def test_it_is_numpys_reflection_and_slice_image_by_image(reach, size, channels, batch, seed):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (batch, size, size, channels), dtype=np.uint8)
    augmentation = translate(pixels=reach)
    draws = augmentation.draw(generator, batch, size)
    got = augmentation(torch.from_numpy(pixels), {name: torch.from_numpy(rows) for name, rows in draws.items()})
    for image, (down, right), cut in zip(pixels, draws["offset"], got.numpy(), strict=True):
        padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
        assert np.array_equal(cut, padded[down : down + size, right : right + size])


def test_shifts_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="pixels must be at least 0"):
        translate(pixels=-1)
    with pytest.raises(InputError, match="cannot be shifted by 8"):
        translate(pixels=8).draw(np.random.default_rng(0), 3, 8)
