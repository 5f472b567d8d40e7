import numpy as np
import pytest
import torch

from ceteris.data.augment.flip import flip
from ceteris.errors import InputError


def test_only_the_drawn_images_are_mirrored_left_to_right():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    mirrored = np.array([True, False, True, False, False])
    got = flip()(torch.from_numpy(pixels), {"mirrored": torch.from_numpy(mirrored)}).numpy()
    for image, turned, out in zip(pixels, mirrored, got, strict=True):
        assert np.array_equal(out, np.fliplr(image) if turned else image)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_the_share_is_the_probability(probability):
    drawn = flip(probability=probability).draw(np.random.default_rng(0), 10_000, 8)["mirrored"]
    spread = np.sqrt(probability * (1 - probability) / 10_000)
    assert abs(drawn.mean() - probability) <= 5 * spread


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_a_probability_lies_between_0_and_1(probability):
    with pytest.raises(InputError, match="between 0 and 1"):
        flip(probability=probability)
