"""What a trial leaves behind. Plain values and numpy arrays: readable years later, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


class Status(StrEnum):
    """How a trial ended. All are outcomes: counted, never dropped, never retried under another seed."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    DID_NOT_LEARN = "did not learn"
    FAILED = "failed"
    STOPPED = "stopped"


SCORED = (Status.FINISHED, Status.DID_NOT_LEARN)
"""How a trial ended whose score counts."""


@dataclass(frozen=True)
class DataFacts:
    """What was trained on, as far as it decides keys and models.

    Attributes:
        name: of the data set part.
        fingerprint: of the content; official data sets have a constant one.
        official: False for a data set that should be the official one but differs from it.
        classes: their names, in label order.
        image_size: height and width in pixels (images are square).
        channels: 1 or 3.
        train_images, test_images: how many images the data set has.
        notes: what a reader must know (files left out and why).
    """

    name: str
    fingerprint: str
    official: bool
    classes: tuple[str, ...]
    image_size: int
    channels: int
    train_images: int
    test_images: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """One row of a model's layer table; shapes are channels x height x width, without the batch."""

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class ModelFacts:
    """A model's size, without training it.

    MACs are for one image, forward. `training_macs` are those in training, where a model may do less than when it is
    tested; a plan counts them, a trial's record has None.
    """

    parameters: int
    macs: int
    layers: tuple[Layer, ...]
    training_macs: int | None = None

    @property
    def macs_while_training(self) -> int:
        """Those of a test where nobody counted."""
        return self.training_macs or self.macs


@dataclass(frozen=True)
class Epoch:
    """One row of the curves; epochs count from 1, accuracies are fractions.

    `test_top1` was sealed during training: no choice looked at it. `seconds` is training only.
    """

    epoch: int
    train_loss: float
    train_top1: float
    validation_loss: float
    validation_top1: float
    learning_rate: float
    seconds: float
    images_per_second: float
    test_top1: float | None = None


@dataclass(frozen=True)
class Cost:
    """What a trial took.

    Attributes:
        train_seconds: summed over epochs, training only.
        evaluate_seconds: validation and test.
        images_per_second: training images per second: the median of the epochs.
        peak_memory_bytes: highest resident memory of the process (CPU) or allocated on the device.
        shared_machine: other trials ran at the same time, so times are not those of a quiet machine.
    """

    train_seconds: float
    evaluate_seconds: float
    images_per_second: float
    peak_memory_bytes: int
    shared_machine: bool


@dataclass(frozen=True)
class Record:
    """A trial's whole outcome.

    Attributes:
        key: the trial's key.
        status: how it ended.
        reason: in words, when it did not finish.
        recipe: resolved: every default and part version.
        seed: of the trial.
        data: what it was trained on.
        model: its size and layer table.
        normalize: "mean" and "std" per channel that inputs in [0, 1] were normalised with.
        environment: versions, device, threads; never part of the key.
        epochs: the curves.
        chosen_epoch: whose weights were tested (1-based); 0 when nothing was.
        metrics: "top1", "top5", "nll" on the test set, "validation_top1"; fractions. Empty without test predictions.
        cost: what it took; None when it failed before training.
        steps: "loss" and "learning_rate" of every step, float32 [steps].
        predictions: of the test images, in test set order: "logits" float16 [n, classes] (cut to ±65504),
            "predicted" and "labels" int16 [n], "image" int64 [n] (index in the data set's test images);
            "sealed_predicted" int16 [epochs, n] when the study kept the sealed curve.
        examples: test images worth showing: "image" int64 [m] (index in the test set), "pixels" uint8 [m, h, w, c],
            with "labels" and "predicted" int16 [m]; misclassified ones, highest loss first within each confused pair.
        weights: parameters and buffers of the chosen epoch, by name.
        log: traceback or last messages, when there is something to say.
    """

    key: str
    status: Status
    recipe: Mapping[str, Any]
    seed: int
    data: DataFacts
    environment: Mapping[str, Any]
    reason: str = ""
    model: ModelFacts | None = None
    normalize: Mapping[str, Sequence[float]] = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    chosen_epoch: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    cost: Cost | None = None
    steps: Arrays = field(default_factory=dict)
    predictions: Arrays = field(default_factory=dict)
    examples: Arrays = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    log: str = ""
