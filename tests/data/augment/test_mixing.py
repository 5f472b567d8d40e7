"""mixup and cutmix: partners, weights and labels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ceteris.data.augment.cutmix import cutmix
from ceteris.data.augment.kind import before
from ceteris.data.augment.mixup import mixup
from ceteris.errors import InputError


def batch(images=8, size=9, channels=3):
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.integers(0, 256, (images, size, size, channels), dtype=np.uint8))


def tensors(draws):
    return {name: torch.from_numpy(values) for name, values in draws.items()}


def test_the_partner_is_the_image_before_and_of_the_first_the_last():
    assert before(torch.arange(5)).tolist() == [4, 0, 1, 2, 3]


def test_mixup_is_the_weighted_average_of_pixels_and_labels():
    pixels, own = batch(), np.array([0, 1, 0.5, 0.25, 0.9, 0.1, 0.3, 0.7], np.float32)
    mixed, labels = mixup()(pixels, tensors({"own": own})), torch.eye(8)
    targets = mixup().mix_labels(labels, tensors({"own": own}))
    for row in range(8):
        exact = own[row] * pixels[row].numpy() + (1 - own[row]) * pixels[row - 1].numpy()
        assert np.abs(mixed[row].numpy() - exact).max() < 0.501
        assert targets[row].numpy() == pytest.approx(own[row] * np.eye(8)[row] + (1 - own[row]) * np.eye(8)[row - 1])
    assert torch.equal(mixed[0], pixels[-1])
    assert torch.equal(mixed[1], pixels[1])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mixup_weights_are_beta_distributed(alpha):
    drawn = mixup(alpha=alpha).draw(np.random.default_rng(0), 5000, 8)["own"]
    assert stats.kstest(drawn, stats.beta(alpha, alpha).cdf).pvalue > 1e-4


@given(st.integers(1, 20), st.integers(0, 999), st.sampled_from([0.3, 1.0]), st.sampled_from([0.0, 0.5, 1.0]))
def test_cutmix_pastes_a_rectangle_and_mixes_labels_by_its_area(size, seed, alpha, probability):
    pixels, augmentation = batch(6, size), cutmix(alpha=alpha, probability=probability)
    draws = augmentation.draw(np.random.default_rng(seed), 6, size)
    mixed = augmentation(pixels, tensors(draws))
    targets = augmentation.mix_labels(torch.eye(6), tensors(draws))
    for row, (top, bottom, left, right) in enumerate(draws["box"]):
        assert 0 <= top <= bottom <= size
        assert 0 <= left <= right <= size
        wanted = pixels[row].clone()
        wanted[top:bottom, left:right] = pixels[row - 1, top:bottom, left:right]
        assert torch.equal(mixed[row], wanted)
        assert targets[row, row - 1] == pytest.approx((bottom - top) * (right - left) / size**2, abs=1e-6)
        assert targets[row].sum() == pytest.approx(1)


def test_cutmix_areas_are_those_of_the_papers_code():
    size, generator, areas = 32, np.random.default_rng(1), []
    for _ in range(4000):
        cut = int(size * np.sqrt(1 - generator.beta(1, 1)))
        x, y = generator.integers(size, size=2)
        left, right, top, bottom = np.clip([x - cut // 2, x + cut // 2, y - cut // 2, y + cut // 2], 0, size)
        areas.append((right - left) * (bottom - top) / size**2)
    ours = 1 - cutmix().draw(np.random.default_rng(0), 4000, size)["own"]
    assert stats.ks_2samp(ours, areas).pvalue > 1e-4


def test_cutmix_leaves_the_rest_alone():
    draws = cutmix(probability=0.3).draw(np.random.default_rng(0), 10_000, 32)
    untouched = (draws["own"] == 1).mean()
    assert 0.7 <= untouched < 0.73  # some rectangles of the others are empty


def test_a_single_image_is_mixed_with_itself():
    pixels = batch(1)
    for augmentation in (mixup(), cutmix()):
        draws = tensors(augmentation.draw(np.random.default_rng(0), 1, 9))
        assert torch.equal(augmentation(pixels, draws), pixels)
        assert augmentation.mix_labels(torch.ones(1, 1), draws).item() == pytest.approx(1)


@pytest.mark.parametrize("build", [mixup, cutmix])
@pytest.mark.parametrize("alpha", [0.0, -1.0, float("inf"), float("nan")])
def test_alpha_is_a_number_above_0(build, alpha):
    with pytest.raises(InputError, match="alpha must be above 0"):
        build(alpha=alpha)


def test_a_probability_lies_between_0_and_1():
    with pytest.raises(InputError, match="between 0 and 1"):
        cutmix(probability=1.5)
