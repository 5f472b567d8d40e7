"""Trials of a fraction of a second: drawn images, a network of two layers, and parts that break when told to."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ceteris import registry
from ceteris.data.source import DataPlace, Images
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial, set_up
from ceteris.engine.train import train
from ceteris.lab.resolve import resolve
from ceteris.registry import part, register
from ceteris.study.vocabulary import Recipe

TIMES = ("seconds", "images_per_second")


def tiny(classes, channels, image_size, *, middle: bool = False, bias: bool = True, dropout: float = 0.0):
    """One strided convolution with batch norm, perhaps another and dropout, one linear layer."""
    layers = {"conv": nn.Conv2d(channels, 4, 5, stride=4, bias=bias), "norm": nn.BatchNorm2d(4)}
    if middle:
        layers["middle"] = nn.Conv2d(4, 4, 3, padding=1)
    side = (image_size - 5) // 4 + 1
    layers |= {"relu": nn.ReLU(), "dropout": nn.Dropout(dropout), "flatten": nn.Flatten()}
    layers["fc"] = nn.Linear(4 * side**2, classes)
    model = nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model


def fixed_offset(classes, channels, image_size):
    """A layer that owns a parameter and cannot draw it."""

    class Offset(nn.Module):
        def __init__(self):
            super().__init__()
            self.offset = nn.Parameter(torch.zeros(classes))

        def forward(self, inputs):
            return inputs + self.offset

    return nn.Sequential(nn.Flatten(), nn.Linear(channels * image_size**2, classes), Offset())


def fitted(classes, channels, image_size):
    """One linear layer that remembers the channels' means of the images it was fitted to."""

    class Fitted(nn.Sequential):
        def fit_to(self, images):
            self.seen = images.mean((0, 2, 3))

    return Fitted(nn.Flatten(), nn.Linear(channels * image_size**2, classes))


def breaking(*, at: int, value: str = "nan"):
    """Cross-entropy that becomes another value at its n-th call, counted from 1."""
    calls = iter(range(1, 1_000_000))

    def loss(logits, labels):
        factor = float(value) if next(calls) == at else 1.0
        return nn.functional.cross_entropy(logits, labels) * factor

    return loss


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _added(monkeypatch):
    """The parts above, gone after each test: no other folder's conformance tests may meet them."""
    monkeypatch.setattr(registry, "_added", {})
    for kind, builder in (("model", tiny), ("model", fixed_offset), ("model", fitted), ("loss", breaking)):
        register(kind)(builder)


@pytest.fixture(scope="session")
def shapes():
    """96 training and 60 test images of 4 classes that are easy to tell apart."""
    options = {"classes": 4, "train_images": 96, "test_images": 60, "difficulty": 0.2}
    place = DataPlace(Path("nowhere"), Path("nowhere"))
    return part("data", "shapes").build(options, place=place).load()


@pytest.fixture
def recipe():
    """recipe(**fields) -> a resolved recipe; three epochs of three steps unless told otherwise."""

    def make(**fields):
        given = {
            "data": {"name": "shapes", "classes": 4, "train_images": 96, "test_images": 60, "difficulty": 0.2},
            "model": "tiny",
            "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
            "augment": ["flip"],
            "epochs": 3,
            "batch_size": 32,
        }
        return resolve(Recipe.model_validate(given | fields))

    return make


@pytest.fixture
def setup(shapes, recipe):
    """setup(seed=0, conditions=Conditions(), **fields) -> a Setup that is ready to train."""

    def make(seed=0, conditions=Conditions(), **fields):  # noqa: B008
        return set_up(Trial("0" * 64, recipe(**fields), seed), shapes, conditions)

    return make


@pytest.fixture
def run(shapes, recipe):
    """run(seed=0, data=shapes, checkpoints=None, watcher=None, sealed=True, threads=1, **fields) -> Record"""

    def make(seed=0, data=shapes, checkpoints=None, watcher=None, sealed=True, threads=1, **fields):
        conditions = Conditions(threads=threads, sealed_test_curve=sealed)
        return train(Trial("0" * 64, recipe(**fields), seed), data, conditions, checkpoints, watcher)

    return make


@pytest.fixture
def bits():
    """bits(record, *left_out) -> all that must be the same when a trial is run again: everything but times."""

    def make(record, *left_out):
        arrays = {
            f"{kind}/{name}": (array.dtype.str, array.shape, array.tobytes())
            for kind in ("steps", "predictions", "examples", "weights")
            for name, array in getattr(record, kind).items()
        }
        rows = [{k: v for k, v in asdict(row).items() if k not in (*TIMES, *left_out)} for row in record.epochs]
        said = {"status": record.status, "reason": record.reason, "chosen": record.chosen_epoch}
        whole = (
            arrays | said | {"metrics": dict(record.metrics), "rows": rows, "threads": record.environment["threads"]}
        )
        return {name: value for name, value in whole.items() if name not in left_out}

    return make


@pytest.fixture
def relabelled(shapes):
    """The same data set with its test labels permuted."""
    labels = np.random.default_rng(0).permutation(shapes.test.labels)
    return replace(shapes, test=Images(shapes.test.pixels, labels))
