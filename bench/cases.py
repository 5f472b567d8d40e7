"""What is trained: the networks, their recipe, and the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ceteris.data.source import DataPlace, Dataset, Images
from ceteris.lab.resolve import resolve
from ceteris.registry import part
from ceteris.study.record import DataFacts
from ceteris.study.vocabulary import Recipe, Split

BATCH = 128
MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
ADAMW: Mapping[str, Any] = {"name": "adamw", "lr": 0.001}
SGD: Mapping[str, Any] = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}
CHANNELS, SIDE = 3, 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN_IMAGES, TEST_IMAGES, ALL_TEST_IMAGES = 50_000, 250, 10_000


@dataclass(frozen=True)
class Case:
    """What one measurement trains.

    Attributes:
        model: name of the network.
        optimizer: with its options.
        target: how many times the usual script's speed it should reach on a CPU; None: unsaid.
        precision: as in a recipe.
    """

    model: str
    optimizer: Mapping[str, Any] = field(default_factory=lambda: ADAMW)
    target: float | None = None
    precision: str = "fp32"


CPU_CASES = (
    Case("lenet", ADAMW, 5.0),
    Case("plain-cnn", ADAMW, 3.5),
    Case("basic-cnn", ADAMW, 2.3),
    Case("resnet14", SGD, 2.3),
)


def case(model: str, precision: str = "fp32") -> Case:
    """The case of that name, in that precision."""
    found = next((one for one in CPU_CASES if one.model == model), Case(model, SGD))
    return replace(found, precision=precision)


def network(model: str) -> Any:
    """The network of that name for images of CIFAR-10's shape, a torch module, as its constructors left it."""
    return part("model", model).build({}, classes=len(CLASSES), channels=CHANNELS, image_size=SIDE)


def recipe(one: Case, *, epochs: int = 10_000) -> dict[str, Any]:
    """The case as a resolved recipe: crop, flip, fixed normalisation, constant rate, and almost no validation."""
    written = Recipe(
        data="cifar10",
        model=one.model,
        augment=[{"name": "crop", "padding": 4}, "flip"],
        normalize={"mean": MEAN, "std": STD},
        optimizer=dict(one.optimizer),
        schedule="constant",
        epochs=epochs,
        batch_size=BATCH,
        precision=one.precision,
        split=Split(validation=0.005),
        weights="last",
    )
    return resolve(written)


def images(
    data_dir: str | None, cache_dir: str | None, allow_modified: bool, test_images: int = TEST_IMAGES
) -> Dataset:
    """CIFAR-10 where a folder is given, else random images of its shape; only so many of its test images.

    Raises InputError when the folder's files are not the official ones and that is not allowed.
    """
    if data_dir is None or cache_dir is None:
        return _made(test_images)
    source = part("data", "cifar10").build({}, place=DataPlace(Path(data_dir), Path(cache_dir), allow_modified))
    there: Dataset = source.load()
    return Dataset(there.facts, there.train, Images(there.test.pixels[:test_images], there.test.labels[:test_images]))


def _made(test_images: int) -> Dataset:
    generator = np.random.default_rng(0)
    splits = []
    for count in (TRAIN_IMAGES, test_images):
        pixels = np.frombuffer(generator.bytes(count * 32 * 32 * 3), np.uint8).reshape(count, 32, 32, 3)
        splits.append(Images(pixels, np.arange(count, dtype=np.int64) % len(CLASSES)))
    facts = DataFacts("made", "made", False, CLASSES, 32, 3, TRAIN_IMAGES, test_images)
    return Dataset(facts, *splits)
