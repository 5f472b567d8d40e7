from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.data.augment.crop import crop
from ceteris.data.augment.cutmix import cutmix
from ceteris.data.augment.flip import flip
from ceteris.data.augment.mixup import mixup
from ceteris.data.batches import Batches, channel_statistics
from ceteris.data.source import Images
from ceteris.errors import InputError
from ceteris.study.streams import stream

IDENTITY = np.zeros(3), np.full(3, 1 / 255)
"""Normalisation that gives back the pixel values."""


def made(images, index=None, batch_size=16, augment=(), mean=IDENTITY[0], std=IDENTITY[1]):
    index = np.arange(len(images.labels)) if index is None else index
    return Batches(images, index, mean, std, batch_size, "cpu", augment)


def gathered(batches):
    inputs, labels = zip(*batches, strict=True)
    return torch.cat(inputs), torch.cat(labels)


def test_in_order_gives_the_images_of_the_index_normalised(images):
    index, mean, std = np.array([5, 69, 0, 33, 12]), np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.3, 0.25])
    inputs, labels = gathered(made(images, index, 2, mean=mean, std=std).in_order())
    wanted = ((images.pixels[index] / 255 - mean) / std).transpose(0, 3, 1, 2)
    torch.testing.assert_close(inputs, torch.from_numpy(wanted).float(), rtol=1e-5, atol=1e-6)
    assert labels.tolist() == images.labels[index].tolist()


def test_images_at_rows_of_the_index_are_those_of_its_batches(images):
    batches = made(images, np.array([5, 69, 0, 33, 12]), 2, mean=np.array([0.5, 0.4, 0.3]), std=np.full(3, 0.2))
    inputs, labels = gathered(batches.in_order())
    rows = np.array([0, 3, 4])
    assert torch.equal(batches.at(rows)[0], inputs[rows])
    assert torch.equal(batches.at(rows)[1], labels[rows])


def test_batches_are_channels_last_float32_with_int64_labels(images):
    for inputs, labels in made(images).epoch(0, 1):
        assert inputs.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert inputs.shape[1:] == (3, 6, 6)
        assert inputs.is_contiguous(memory_format=torch.channels_last)


def test_the_last_batch_is_smaller_and_is_used(images):
    batches = made(images, batch_size=16)
    assert len(batches) == 70
    assert batches.steps == 5
    assert [len(labels) for _, labels in batches.epoch(0, 1)] == [16, 16, 16, 16, 6]


def test_an_epoch_is_every_image_once_in_the_order_of_its_stream(images):
    inputs, labels = gathered(made(images).epoch(7, 3))
    order = stream(7, "order/3").permutation(70)
    assert torch.equal(inputs, torch.from_numpy(images.pixels[order].transpose(0, 3, 1, 2)).float())
    assert labels.tolist() == images.labels[order].tolist()


@settings(max_examples=25)
@given(st.integers(1, 80), st.integers(0, 9), st.integers(1, 9))
def test_neither_order_nor_draws_depend_on_the_batch_size(batch_size, seed, epoch):
    generator = np.random.default_rng(0)
    images = Images(generator.integers(0, 256, (30, 6, 6, 3), dtype=np.uint8), np.arange(30) % 3)
    augment = [("crop", crop(padding=2)), ("flip", flip())]
    one, other = (
        gathered(made(images, batch_size=size, augment=augment).epoch(seed, epoch)) for size in (7, batch_size)
    )
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])


def test_the_same_seed_gives_the_same_batches_and_another_does_not(images):
    batches = made(images, augment=[("crop", crop(padding=2))])
    first, again, seed, epoch = (gathered(batches.epoch(*which))[0] for which in ((0, 1), (0, 1), (1, 1), (0, 2)))
    assert torch.equal(first, again)
    assert not torch.equal(first, seed)
    assert not torch.equal(first, epoch)


def test_adding_a_flip_moves_no_draw_of_the_crop(images):
    cropped = gathered(made(images, augment=[("crop", crop(padding=2))]).epoch(0, 1))[0]
    both = gathered(made(images, augment=[("flip", flip(probability=0.0)), ("crop", crop(padding=2))]).epoch(0, 1))[0]
    assert torch.equal(cropped, both)


def test_two_augmentations_of_one_name_draw_from_two_streams(images):
    seen = []

    class Spy:
        def draw(self, generator, images, image_size):
            return {"value": generator.random(images)}

        def __call__(self, pixels, draws):
            seen.append(draws["value"].numpy())
            return pixels

    list(made(images, batch_size=70, augment=[("spy", Spy()), ("spy", Spy())]).epoch(4, 2))
    assert np.array_equal(seen[0], stream(4, "augment/2/spy").random(70))
    assert np.array_equal(seen[1], stream(4, "augment/2/spy.2").random(70))


def test_where_an_augmentation_mixes_the_labels_are_shares(images):
    batches = made(images, augment=[("flip", flip()), ("mixup", mixup()), ("cutmix", cutmix())])
    order, first = stream(0, "order/1").permutation(70), stream(0, "augment/1/mixup").beta(1, 1, 70)
    box = cutmix().draw(stream(0, "augment/1/cutmix"), 70, 6)["own"]
    inputs, targets = next(iter(batches.epoch(0, 1)))
    assert inputs.dtype == targets.dtype == torch.float32
    shares = np.eye(7)[images.labels[order[:16]]]
    for own in (first[:16, None], box[:16, None]):
        shares = own * shares + (1 - own) * np.roll(shares, 1, axis=0)
    np.testing.assert_allclose(targets.numpy(), shares, atol=1e-6)
    assert next(iter(batches.in_order()))[1].dtype == torch.int64


def test_the_batch_size_moves_only_the_partner_of_a_batchs_first_image(images):
    whole, parts = (gathered(made(images, batch_size=n, augment=[("m", mixup())]).epoch(3, 1)) for n in (70, 10))
    same = np.arange(70) % 10 != 0
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one[same], other[same])
        assert not torch.equal(one, other)


def test_a_read_only_memory_map_gives_the_same_batches(images, tmp_path: Path):
    np.save(tmp_path / "pixels.npy", images.pixels)
    np.save(tmp_path / "labels.npy", images.labels)
    mapped = Images(*(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("pixels", "labels")))
    one, other = (gathered(made(which, augment=[("flip", flip())]).epoch(0, 1)) for which in (images, mapped))
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])


def test_images_are_never_written_to(images):
    before = images.pixels.copy()
    for inputs, _ in made(images, augment=[("crop", crop()), ("flip", flip())]).epoch(0, 1):
        inputs.zero_()
    assert np.array_equal(images.pixels, before)


@settings(max_examples=20)
@given(st.integers(1, 1500), st.sampled_from([1, 3]), st.integers(0, 99))
def test_channel_statistics_are_those_of_numpy(count, channels, seed):
    generator = np.random.default_rng(seed)
    images = Images(generator.integers(0, 256, (1500, 2, 2, channels), dtype=np.uint8), np.zeros(1500, np.int64))
    images.pixels[0, 0, 0], images.pixels[0, 1, 1] = 0, 255
    index = np.arange(count)
    mean, std = channel_statistics(images, index)
    values = images.pixels[index].astype(np.float64) / 255
    np.testing.assert_allclose(mean, values.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, values.std((0, 1, 2)), rtol=1e-11)


@pytest.mark.parametrize(("pixels_at_once", "most"), [(1, 1), (7 * 8**2, 7), (2**20, 40)])
def test_channel_statistics_take_so_many_pixels_at_once_and_are_the_same(monkeypatch, pixels_at_once, most):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    images, index, take, taken = Images(pixels, np.zeros(40, np.int64)), np.arange(40), np.take, []
    whole = channel_statistics(images, index)
    monkeypatch.setattr("ceteris.data.batches.PIXELS_AT_ONCE", pixels_at_once)
    monkeypatch.setattr(np, "take", lambda array, rows, axis: taken.append(len(rows)) or take(array, rows, axis))
    np.testing.assert_array_equal(channel_statistics(images, index), whole)
    assert max(taken) == most
    assert sum(taken) == 40


def test_sums_over_many_bright_images_do_not_overflow():
    pixels = np.full((2**16 + 1, 1, 1, 1), 255, np.uint8)
    pixels[-1] = 0
    mean, std = channel_statistics(Images(pixels, np.zeros(len(pixels), np.int64)), np.arange(len(pixels)))
    share = 2**16 / (2**16 + 1)
    np.testing.assert_allclose([mean[0], std[0]], [share, np.sqrt(share * (1 - share))], rtol=1e-12)


def test_normalised_training_images_have_mean_0_and_deviation_1(images):
    index = np.arange(0, 70, 2)
    mean, std = channel_statistics(images, index)
    inputs, _ = gathered(made(images, index, mean=mean, std=std).epoch(0, 1))
    torch.testing.assert_close(inputs.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(inputs.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_a_channel_that_never_varies_is_refused():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    pixels[..., 1] = 7
    with pytest.raises(InputError, match="channel 1 has the same value"):
        channel_statistics(Images(pixels, np.zeros(9, np.int64)), np.arange(9))


def test_a_mean_for_another_number_of_channels_is_refused(images):
    with pytest.raises(InputError, match=r"normalize\.mean: 1 numbers for images of 3 channels"):
        made(images, mean=np.zeros(1))
