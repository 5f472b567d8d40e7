"""Every operation against Pillow's, image by image."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ceteris.data.augment.tones import autocontrast, equalize, posterize, solarize


def batch(size, channels, seed, values):
    """Three images; of few different values, channels are constant now and then."""
    generator = np.random.default_rng(seed)
    return generator.choice(generator.integers(0, 256, values, dtype=np.uint8), (3, size, size, channels))


def theirs(operation, pixels, *arguments):
    images = [Image.fromarray(one[..., 0] if one.shape[2] == 1 else one) for one in pixels]
    return np.stack([np.asarray(operation(image, *arguments)) for image in images]).reshape(pixels.shape)


inputs = given(
    st.sampled_from([1, 4, 40]), st.sampled_from([1, 3]), st.integers(0, 999), st.sampled_from([1, 2, 5, 200])
)


@inputs
def test_equalize(size, channels, seed, values):
    pixels = batch(size, channels, seed, values)
    assert np.array_equal(equalize(torch.from_numpy(pixels)).numpy(), theirs(ImageOps.equalize, pixels))


@inputs
def test_autocontrast_but_for_pillows_rounding(size, channels, seed, values):
    pixels = batch(size, channels, seed, values)
    got = autocontrast(torch.from_numpy(pixels)).numpy().astype(int)
    assert np.abs(got - theirs(ImageOps.autocontrast, pixels)).max() <= 1


def test_autocontrast_reaches_black_and_white():
    got = autocontrast(torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 1, 3, 1).expand(1, 3, 3, 1))
    assert got[0, 0].flatten().tolist() == [0, 127, 255]


@inputs
def test_posterize(size, channels, seed, values):
    pixels = batch(size, channels, seed, values)
    for bits in range(1, 9):
        ours = posterize(torch.from_numpy(pixels), bits).numpy()
        assert np.array_equal(ours, theirs(ImageOps.posterize, pixels, bits))


@pytest.mark.parametrize("threshold", [0, 1, 128, 255])
def test_solarize(threshold):
    pixels = batch(16, 3, 0, 200)
    ours = solarize(torch.from_numpy(pixels), threshold).numpy()
    assert np.array_equal(ours, theirs(ImageOps.solarize, pixels, threshold))
