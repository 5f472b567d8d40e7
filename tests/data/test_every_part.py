"""Every registered data set that needs no download, and every augmentation, keeps the contracts because it exists."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ceteris.data.augment.kind import Mixing
from ceteris.data.source import DataPlace
from ceteris.registry import parts

DOWNLOADED = {"cifar10", "cifar100", "tiny-imagenet"}
OPTIONS = {"folder": {"path": "mine", "size": 8}}
DATA = [part for part in parts("data") if part.name not in DOWNLOADED]
MIXING = [part for part in parts("augment") if isinstance(part.build({}), Mixing)]
named = {"ids": lambda part: part.name}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> DataPlace:
    place = DataPlace(*(Path(tmp_path_factory.mktemp(name)) for name in ("data", "cache")))
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (place.data_dir / "mine" / name).mkdir(parents=True)
        for number in range(5):
            pixels = generator.integers(0, 256, (9, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place.data_dir / "mine" / name / f"{number}.png")
    return place


@pytest.mark.parametrize("part", parts("data"), **named)
def test_a_data_set_says_what_it_is(part):
    assert part.context == ("place",)
    assert part.summary.endswith(".")
    assert len(part.summary) <= 120


@pytest.mark.parametrize("part", DATA, **named)
def test_a_data_set_is_what_its_facts_say(part, place):
    source = part.build(OPTIONS.get(part.name, {}), place=place)
    facts, data = source.facts(), source.load()
    assert data.facts == facts
    assert facts.name == part.name
    for split, count in ((data.train, facts.train_images), (data.test, facts.test_images)):
        assert split.pixels.shape == (count, facts.image_size, facts.image_size, facts.channels)
        assert split.pixels.dtype == np.uint8
        assert split.labels.shape == (count,)
        assert split.labels.dtype == np.int64
        assert set(np.unique(split.labels)) == set(range(len(facts.classes)))


@pytest.mark.parametrize("part", DATA, **named)
def test_loading_again_elsewhere_gives_the_same_data(part, place, tmp_path):
    options = OPTIONS.get(part.name, {})
    one = part.build(options, place=place).load()
    other = part.build(options, place=dataclasses.replace(place, cache_dir=tmp_path)).load()
    assert one.facts == other.facts
    for ours, theirs in ((one.train, other.train), (one.test, other.test)):
        assert np.array_equal(ours.pixels, theirs.pixels)
        assert np.array_equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("part", parts("augment"), **named)
@pytest.mark.parametrize(("size", "channels"), [(8, 1), (32, 3)])
def test_an_augmentation_is_a_pure_function_of_pixels_and_draws(part, size, channels):
    augmentation = part.build({})
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, size, size, channels), dtype=np.uint8))
    rows = augmentation.draw(np.random.default_rng(1), 6, size)
    again = augmentation.draw(np.random.default_rng(1), 6, size)
    assert all(len(values) == 6 for values in rows.values())
    assert all(np.array_equal(values, again[name]) for name, values in rows.items())
    draws, before = {name: torch.from_numpy(values) for name, values in rows.items()}, pixels.clone()
    whole = augmentation(pixels, draws)
    assert torch.equal(pixels, before)
    assert whole.shape == pixels.shape
    assert whole.dtype == torch.uint8
    halves = [augmentation(pixels[part], {n: v[part] for n, v in draws.items()}) for part in (slice(0, 2), slice(2, 6))]
    # The first image of a batch is the only one whose partner the batch size moves.
    same = [1, 3, 4, 5] if isinstance(augmentation, Mixing) else list(range(6))
    assert torch.equal(torch.cat(halves)[same], whole[same])


@pytest.mark.parametrize("part", MIXING, **named)
def test_a_mixing_augmentation_gives_shares_that_sum_to_one(part):
    augmentation, targets = part.build({}), torch.eye(5)[[0, 1, 1, 4, 2, 3]]
    draws = {n: torch.from_numpy(v) for n, v in augmentation.draw(np.random.default_rng(1), 6, 8).items()}
    mixed, before = augmentation.mix_labels(targets, draws), targets.clone()
    assert torch.equal(targets, before)
    assert mixed.dtype == torch.float32
    assert ((mixed >= 0) & (mixed <= 1)).all()
    torch.testing.assert_close(mixed.sum(1), torch.ones(6))
    assert not torch.equal(mixed, targets)
