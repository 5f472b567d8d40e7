import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from ceteris.data.augment.rand_augment import OPERATIONS, rand_augment
from ceteris.errors import InputError

SIZE = 32


def affine(*coefficients):
    return lambda image: image.transform(image.size, Image.Transform.AFFINE, coefficients)


def oracle(name, strength, sign):
    """Pillow's version of an operation, at the strengths of torchvision's RandAugment."""
    factor, distance, slope = 1 + 0.9 * strength * sign, sign * int(150 / 331 * SIZE * strength), 0.3 * strength * sign
    return {
        "identity": lambda image: image,
        "brightness": lambda image: ImageEnhance.Brightness(image).enhance(factor),
        "contrast": lambda image: ImageEnhance.Contrast(image).enhance(factor),
        "colour": lambda image: ImageEnhance.Color(image).enhance(factor),
        "sharpness": lambda image: ImageEnhance.Sharpness(image).enhance(factor),
        "posterize": lambda image: ImageOps.posterize(image, 8 - round(4 * strength)),
        "solarize": lambda image: ImageOps.solarize(image, 255 * (1 - strength)),
        "autocontrast": ImageOps.autocontrast,
        "equalize": ImageOps.equalize,
        "translate-x": affine(1, 0, -distance, 0, 1, 0),
        "translate-y": affine(1, 0, 0, 0, 1, -distance),
        "shear-x": affine(1, slope, 0, 0, 1, 0),
        "shear-y": affine(1, 0, 0, slope, 1, 0),
        "rotate": lambda image: image.rotate(30 * strength * sign),
    }[name]


def batch(images, seed=0):
    return np.random.default_rng(seed).integers(20, 200, (images, SIZE, SIZE, 3), dtype=np.uint8)


def tensors(draws):
    return {name: torch.from_numpy(values) for name, values in draws.items()}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("magnitude", [0, 9, 21, 30])  # at 20 a shear puts whole rows between two pixels
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_every_operation_is_pillows(name, magnitude, sign):
    pixels = batch(3)
    draws = {"operation": np.full((3, 1), list(OPERATIONS).index(name)), "sign": np.full((3, 1), sign, np.float32)}
    got = rand_augment(operations=1, magnitude=magnitude)(torch.from_numpy(pixels), tensors(draws)).numpy()
    for image, out in zip(pixels, got, strict=True):
        theirs = np.asarray(oracle(name, magnitude / 30, sign)(Image.fromarray(image))).astype(int)
        # Fixed point in Pillow's turns and rounding in its factors: few values differ, and enhanced ones by 1.
        assert (np.abs(out - theirs) <= 1).mean() > 0.99


@given(st.integers(0, 99), st.integers(1, 3))
def test_each_image_gets_what_it_drew_in_turn(seed, operations):
    pixels, augmentation = torch.from_numpy(batch(9, seed)), rand_augment(operations=operations, magnitude=15)
    draws = augmentation.draw(np.random.default_rng(seed), 9, SIZE)
    got = augmentation(pixels, tensors(draws))
    for row in range(9):
        one = pixels[row : row + 1]
        for number, sign in zip(draws["operation"][row], draws["sign"][row], strict=True):
            one = list(OPERATIONS.values())[number](one, 0.5, torch.tensor([sign]))
        assert torch.equal(got[row], one[0])


def test_operations_and_signs_are_as_likely():
    draws = rand_augment(operations=3).draw(np.random.default_rng(0), 10_000, SIZE)
    counts = np.bincount(draws["operation"].ravel(), minlength=14)
    assert len(counts) == 14
    # Chi-squared with 13 degrees of freedom: 1e-6 quantile.
    assert ((counts - 30_000 / 14) ** 2 / (30_000 / 14)).sum() < 53.0
    assert set(np.unique(draws["sign"])) == {-1.0, 1.0}
    assert abs(draws["sign"].mean()) < 5 / np.sqrt(30_000)


@pytest.mark.parametrize(("name", "value"), [("operations", 0), ("magnitude", -1), ("magnitude", 31)])
def test_options_out_of_bounds_are_refused_by_name(name, value):
    with pytest.raises(InputError) as caught:
        rand_augment(**{name: value})
    assert [problem.where for problem in caught.value.problems] == [name]
