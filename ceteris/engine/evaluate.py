"""Predictions of a model on a set of images, in order, without touching the model."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ceteris.data.batches import Batch, Batches
from ceteris.engine.graphs import Recorder
from ceteris.engine.side_by_side import side_by_side

IMAGES_AT_A_TIME = 250
"""Of a batch; the recipe's batch size plays no part, so that no last bit of a prediction depends on it."""
PIXELS_AT_A_TIME = IMAGES_AT_A_TIME * 32**2
"""On a CPU, where every thread has a batch: what layers hand on of larger images would fill the memory."""


@dataclass(frozen=True)
class Predictions:
    """Logits float32 [n, classes] and labels int64 [n] of n images, on the CPU."""

    logits: torch.Tensor
    labels: torch.Tensor

    @property
    def predicted(self) -> torch.Tensor:
        """int64 [n]"""
        return self.logits.argmax(1)

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats, without label smoothing."""
        return float(functional.cross_entropy(self.logits.double(), self.labels))

    def top(self, k: int) -> float:
        """Share of images whose label is among the k largest logits (of equals, the earlier classes; NaN never is)."""
        # Not by torch: its threads take longer to wake than such a few numbers to compare.
        logits, labels = self.logits.numpy(), self.labels.numpy()[:, None]
        own = np.take_along_axis(logits, labels, 1)
        ahead = ~(logits <= own)
        earlier = np.arange(logits.shape[1]) < labels
        rank = (ahead | ((logits == own) & earlier)).sum(1)
        return float((rank < k).mean())

    def losses(self) -> np.ndarray:
        """Cross-entropy of each image, float64 [n]."""
        return functional.cross_entropy(self.logits.double(), self.labels, reduction="none").numpy()


def evaluation_batch(image_size: int, device: torch.device) -> int:
    """How many images of that size are evaluated at a time there."""
    if device.type != "cpu":
        return IMAGES_AT_A_TIME
    return max(1, min(IMAGES_AT_A_TIME, PIXELS_AT_A_TIME // image_size**2))


class Predictor:
    """`predict` for the same model and images, as often as asked.

    On CUDA recorded once as a graph: only for a model whose parameters and buffers stay where they are in memory. On a
    CPU each batch on a thread of its own.
    """

    def __init__(self, model: nn.Module, images: Batches, autocast: AbstractContextManager[object]) -> None:
        self._model, self._images, self._autocast = model, images, autocast
        recorded = images.device.type == "cuda" and images.resident
        self._forward = Recorder(self._in_turn, images.device) if recorded else self._in_turn
        if images.device.type == "cpu":
            self._forward = self._side_by_side

    def __call__(self) -> Predictions:
        """See `predict`."""
        logits, labels = self._forward()
        return Predictions(logits.cpu(), labels.cpu())

    def _in_turn(self) -> Batch:
        return _predicted(self._model, self._images.in_order(), self._autocast)

    def _side_by_side(self) -> Batch:
        def logits(model: nn.Module, number: int) -> Batch:
            return _logits(model, self._images.batch(number), copy.copy(self._autocast))  # it notes who entered it

        with _evaluating(self._model):
            return _joined(side_by_side(self._model, logits, self._images.steps))


def predict(model: nn.Module, batches: Iterable[Batch], autocast: AbstractContextManager[object]) -> Predictions:
    """Run the model in evaluation mode over (inputs, labels) batches; its training mode is restored."""
    logits, labels = _predicted(model, batches, autocast)
    return Predictions(logits.cpu(), labels.cpu())


def _predicted(model: nn.Module, batches: Iterable[Batch], autocast: AbstractContextManager[object]) -> Batch:
    with _evaluating(model):
        return _joined([_logits(model, batch, autocast) for batch in batches])


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.inference_mode()
def _logits(model: nn.Module, batch: Batch, autocast: AbstractContextManager[object]) -> Batch:
    inputs, labels = batch
    with autocast:
        return model(inputs).float(), labels


@torch.inference_mode()
def _joined(batches: Iterable[Batch]) -> Batch:
    logits, labels = zip(*batches, strict=True)
    return torch.cat(logits), torch.cat(labels)
