"""What every probe is: a read-only measurement, of training while it goes on or of the trained model.

A builder registered as "probe" returns a TrainingProbe or a ModelProbe. The engine hands it views; whatever it does to
the model, to gradients or to torch's generators is undone when it returns, and its time is not training time. What it
raises costs its findings, not the trial: an InputError for a model that it cannot measure is shown as it stands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from ceteris.study.streams import stream


class ImageSet(Protocol):
    """A set of images by their rows: inputs float32 [n, channels, size, size], labels int64 [n]."""

    def __len__(self) -> int:
        """Images."""

    def at(self, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Those images, normalised, not augmented, on the model's device."""


@dataclass(frozen=True)
class Measurement:
    """What a probe found: named arrays, and plain values as JSON knows them (finite numbers, text, lists, mappings)."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A training step between its backward pass and the optimizer's update.

    Attributes:
        model: in training mode; `.grad` of its parameters holds this step's gradients.
        inputs, labels: the batch, augmented and normalised, as the model saw it; labels are float [b, classes] where
            an augmentation mixes images.
        loss: the batch's training loss at the model's parameters of now, a scalar with its graph. Dropout draws the
            same noise at every call within this step.
        learning_rate: of this step.
        epoch: from 1.
        step: of the whole training, from 1.
    """

    model: nn.Module
    inputs: torch.Tensor
    labels: torch.Tensor
    loss: Callable[[], torch.Tensor]
    learning_rate: float
    epoch: int
    step: int


@dataclass(frozen=True)
class EpochEnd:
    """The model, in evaluation mode, after an epoch (from 1), and the validation images."""

    model: nn.Module
    epoch: int
    validation: ImageSet


@dataclass(frozen=True)
class Trained:
    """The weights that were tested.

    Attributes:
        model: in evaluation mode.
        loss: (logits [b, classes], labels [b]) -> the recipe's mean training loss, a scalar.
        autocast: the recipe's precision, to be entered around the model.
        validation, test: normalised images.
        classes: names, in label order.
        mean, std: per channel, of pixel values in [0, 1], that inputs were normalised with.
        seed: of the trial.
        stream_name: `probe/<name of the part>`.
    """

    model: nn.Module
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    autocast: AbstractContextManager[object]
    validation: ImageSet
    test: ImageSet
    classes: tuple[str, ...]
    mean: Sequence[float]
    std: Sequence[float]
    seed: int
    stream_name: str

    def stream(self, name: str) -> np.random.Generator:
        """A fresh generator at the start of `probe/<part>/<name>`: the same draws for every arm of the trial's seed."""
        return stream(self.seed, f"{self.stream_name}/{name}")

    def pixels(self, inputs: torch.Tensor) -> np.ndarray:
        """Normalised float [n, channels, size, size] -> the images, uint8 [n, size, size, channels]."""
        values = inputs.detach().cpu().double().permute(0, 2, 3, 1).numpy() * np.array(self.std) + np.array(self.mean)
        pixels: np.ndarray = (255 * values).round().clip(0, 255).astype(np.uint8)
        return pixels


class TrainingProbe(ABC):
    """Watches a trial being trained; a trial that has a record is trained again, to the same bits, to be watched."""

    def wants(self, step: int, steps_per_epoch: int) -> bool:
        """Whether `after_backward` is to be called at this step of the whole training, counted from 1; cheap."""
        return False

    def after_backward(self, view: Step) -> None:  # noqa: B027 - most probes watch either steps or epochs
        """Look at a step that it wants."""

    def after_epoch(self, view: EpochEnd) -> None:  # noqa: B027
        """Look at the model after an epoch."""

    @abstractmethod
    def so_far(self) -> Measurement:
        """Everything seen: after the last epoch the findings, after any other what a checkpoint keeps."""

    @abstractmethod
    def restore(self, seen: Measurement) -> None:
        """Take back what `so_far` gave, so that a resumed trial's findings equal an uninterrupted one's."""


class ModelProbe(ABC):
    """Measures the trained model; computed from stored weights, so training never waits for it."""

    @abstractmethod
    def measure(self, view: Trained) -> Measurement:
        """Look at the trained model. Raises InputError, in words, for a model that it cannot measure."""


Probe = TrainingProbe | ModelProbe


def evenly_spaced(images: ImageSet, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs [n, channels, size, size] and labels [n] of `count` images (all, if there are fewer).

    Spread evenly over the set, as a folder's images are sorted by class; the same ones for every arm and seed that
    share a split.
    """
    return images.at(spread(len(images), count))


def spread(length: int, count: int) -> np.ndarray:
    """`count` rows (all, if there are fewer) spread evenly over a set of that length: int64 [n], rising."""
    count = min(count, length)
    return np.arange(count) * length // max(1, count)
