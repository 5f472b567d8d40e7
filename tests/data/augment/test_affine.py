"""Shifts, shears and turns against Pillow's nearest-neighbour transforms, image by image."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ceteris.data.augment.affine import rotate, shear, translate

SIZE = 24


def batch(images=2, channels=3):
    return np.random.default_rng(0).integers(1, 256, (images, SIZE, SIZE, channels), dtype=np.uint8)


def applied(move, *values, pixels=None):
    pixels = batch(len(values[0])) if pixels is None else pixels
    return move(torch.from_numpy(pixels), *(torch.tensor(value, dtype=torch.float32) for value in values)).numpy()


def compare(ours, theirs, matrix):
    """Equal wherever the source, `matrix` @ (x, y, 1), is not between two pixels: there rounding may go either way."""
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    source = np.array(matrix) @ np.stack([x.ravel(), y.ravel(), np.ones(SIZE**2)])
    clear = (np.abs(source - source.round()) > 2e-3).all(0).reshape(SIZE, SIZE)
    assert np.array_equal(ours[clear], np.asarray(theirs)[clear])


@given(st.integers(-SIZE, SIZE), st.integers(-SIZE, SIZE))
def test_translate(right, down):
    pixels, wanted = batch(1), np.zeros((SIZE, SIZE, 3), np.uint8)
    rows, columns = np.arange(max(down, 0), SIZE + min(down, 0)), np.arange(max(right, 0), SIZE + min(right, 0))
    wanted[np.ix_(rows, columns)] = pixels[0][np.ix_(rows - down, columns - right)]
    assert np.array_equal(applied(translate, [right], [down])[0], wanted)


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_shear(across, along):
    pixels = batch(1)
    theirs = Image.fromarray(pixels[0]).transform((SIZE, SIZE), Image.Transform.AFFINE, (1, across, 0, along, 1, 0))
    compare(applied(shear, [across], [along])[0], theirs, [(1, across, 0), (along, 1, 0)])


@given(st.floats(-179, 179))
def test_rotate(degrees):
    pixels, cosine, sine = batch(1), np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([(cosine, -sine, 0), (sine, cosine, 0)])
    matrix[:, 2] = SIZE / 2 - matrix[:, :2].sum(1) * SIZE / 2
    compare(applied(rotate, [degrees])[0], Image.fromarray(pixels[0]).rotate(degrees), matrix)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_quarter_turn_is_exact(degrees):
    pixels = batch(1)
    assert np.array_equal(applied(rotate, [degrees])[0], np.rot90(pixels[0], degrees // 90))


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_moves_by_its_own(channels):
    pixels = batch(3, channels)
    got = applied(translate, [0, 1, 0], [0, 0, -2], pixels=pixels)
    assert np.array_equal(got[0], pixels[0])
    assert np.array_equal(got[1, :, 1:], pixels[1, :, :-1])
    assert np.array_equal(got[2, :-2], pixels[2, 2:])
    assert not got[1, :, 0].any()
    assert not got[2, -2:].any()
