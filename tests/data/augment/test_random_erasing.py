import numpy as np
import pytest
import torch
from scipy import stats

from ceteris.data.augment.random_erasing import random_erasing
from ceteris.errors import InputError


@pytest.mark.parametrize("channels", [1, 3])
def test_only_the_drawn_rectangle_is_hidden_behind_its_colour(channels):
    generator = np.random.default_rng(0)
    pixels, augmentation = generator.integers(0, 256, (20, 12, 12, channels), dtype=np.uint8), random_erasing()
    draws = augmentation.draw(generator, 20, 12)
    got = augmentation(torch.from_numpy(pixels), {name: torch.from_numpy(rows) for name, rows in draws.items()})
    for row, (top, bottom, left, right) in enumerate(draws["box"]):
        wanted = pixels[row].copy()
        wanted[top:bottom, left:right] = draws["colour"][row, :channels]
        assert np.array_equal(got[row].numpy(), wanted)
    assert 0 < (draws["box"][:, 0] < draws["box"][:, 1]).sum() < 20


def test_areas_and_shapes_are_those_asked_for():
    size, generator = 1000, np.random.default_rng(0)
    augmentation = random_erasing(probability=1.0, smallest=0.1, largest=0.6, aspect=0.4)
    top, bottom, left, right = augmentation.draw(generator, 5000, size)["box"].T
    height, width = bottom - top, right - left
    assert stats.kstest(height * width / size**2, stats.uniform(0.1, 0.5).cdf).pvalue > 1e-4
    assert 0.39 < (height / width).min() < 0.41
    assert 2.45 < (height / width).max() < 2.55
    assert abs((height > width).mean() - 0.5) < 0.04
    assert top.min() >= 0
    assert bottom.max() <= size
    assert stats.kstest(top / np.maximum(size - height, 1), stats.uniform.cdf).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_the_share_is_the_probability(probability):
    box = random_erasing(probability=probability).draw(np.random.default_rng(0), 10_000, 32)["box"]
    spread = np.sqrt(probability * (1 - probability) / 10_000)
    assert abs((box[:, 1] > box[:, 0]).mean() - probability) <= 5 * spread


def test_a_whole_image_can_be_hidden():
    box = random_erasing(probability=1.0, smallest=1.0, largest=1.0).draw(np.random.default_rng(0), 50, 8)["box"]
    assert np.array_equal(np.unique(box, axis=0), [[0, 8, 0, 8]])


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("probability", {"probability": 1.1}), ("smallest", {"smallest": 0.0}), ("smallest", {"smallest": 0.5}),
        ("smallest", {"largest": 1.5}), ("aspect", {"aspect": 0.0}), ("aspect", {"aspect": 2.0}),
    ],
)  # fmt: skip
def test_options_out_of_bounds_are_refused_by_name(option, values):
    with pytest.raises(InputError) as caught:
        random_erasing(**values)
    assert [problem.where for problem in caught.value.problems] == [option]
