"""Every enhancement against Pillow's, image by image."""

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from ceteris.data.augment.enhance import brightness, contrast, hue, saturation, sharpness

ORACLES = {
    brightness: ImageEnhance.Brightness, contrast: ImageEnhance.Contrast,
    saturation: ImageEnhance.Color, sharpness: ImageEnhance.Sharpness,
}  # fmt: skip
each = pytest.mark.parametrize("enhance", ORACLES, ids=lambda one: one.__name__)


def batch(channels=3, images=4, size=11, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (images, size, size, channels), dtype=np.uint8)


def applied(enhance, pixels, factors):
    return enhance(torch.from_numpy(pixels), torch.tensor(factors, dtype=torch.float32)).numpy()


@each
@given(st.lists(st.floats(0, 2, width=32), min_size=4, max_size=4), st.sampled_from([1, 3]), st.integers(0, 99))
def test_it_is_pillows(enhance, factors, channels, seed):
    pixels = batch(channels, seed=seed)
    got = applied(enhance, pixels, factors)
    for image, factor, out in zip(pixels, factors, got, strict=True):
        theirs = np.asarray(ORACLES[enhance](Image.fromarray(image.squeeze())).enhance(factor))
        assert np.array_equal(out, theirs.reshape(out.shape))


@each
def test_a_factor_of_1_changes_nothing(enhance):
    assert np.array_equal(applied(enhance, batch(), [1.0] * 4), batch())


@given(st.integers(0, 99), st.floats(-0.5, 0.5, width=32))
def test_hue_is_turned_as_colorsys_turns_it(seed, turn):
    pixels = batch(images=1, size=5, seed=seed)
    pixels[0, 0, 0], pixels[0, 0, 1] = 77, (255, 0, 0)
    got = applied(hue, pixels, [turn])
    for colour, out in zip(pixels.reshape(-1, 3) / 255, got.reshape(-1, 3), strict=True):
        own, share, value = colorsys.rgb_to_hsv(*colour)
        wanted = 255 * np.array(colorsys.hsv_to_rgb((own + turn) % 1, share, value))
        assert np.abs(out - wanted).max() < 0.502


def test_a_third_of_a_turn_takes_red_to_green_and_a_whole_one_back():
    red = np.full((2, 1, 1, 3), (255, 0, 0), np.uint8)
    assert applied(hue, red, [1 / 3, 1.0]).squeeze().tolist() == [[0, 255, 0], [255, 0, 0]]
    assert np.array_equal(applied(hue, batch(1), [0.3] * 4), batch(1))
