"""Predictions of a model on a set of images, in order, without touching the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ceteris.data.batches import Batches
from ceteris.engine.graphs import Recorder

SMALL_BATCH, LARGE_BATCH = 100, 250


def evaluation_batch(device: torch.device | str) -> int:
    """Images at a time; the recipe's batch size plays no part, so that no last bit of a prediction depends on it.

    On a CPU what layers hand on fits its caches, which is up to a fifth faster; accelerators want more at once.
    """
    return SMALL_BATCH if torch.device(device).type == "cpu" else LARGE_BATCH


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
        own = self.logits.gather(1, self.labels[:, None])
        ahead = ~(self.logits <= own)
        earlier = torch.arange(self.logits.shape[1]) < self.labels[:, None]
        rank = (ahead | ((self.logits == own) & earlier)).sum(1)
        return float((rank < k).double().mean())

    def losses(self) -> np.ndarray:
        """Cross-entropy of each image, float64 [n]."""
        return functional.cross_entropy(self.logits.double(), self.labels, reduction="none").numpy()


class Predictor:
    """`predict` for the same model and images, as often as asked: on CUDA recorded once as a graph.

    Only for a model whose parameters and buffers stay where they are in memory.
    """

    def __init__(self, model: nn.Module, images: Batches, autocast: torch.autocast) -> None:
        def forward() -> tuple[torch.Tensor, torch.Tensor]:
            return _forward(model, images.in_order(), autocast)

        recorded = images.device.type == "cuda" and images.resident
        self._forward = Recorder(forward, images.device) if recorded else forward

    def __call__(self) -> Predictions:
        """See `predict`."""
        logits, labels = self._forward()
        return Predictions(logits.cpu(), labels.cpu())


def predict(
    model: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], autocast: torch.autocast
) -> Predictions:
    """Run the model in evaluation mode over (inputs, labels) batches; its training mode is restored."""
    logits, labels = _forward(model, batches, autocast)
    return Predictions(logits.cpu(), labels.cpu())


@torch.inference_mode()
def _forward(
    model: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], autocast: torch.autocast
) -> tuple[torch.Tensor, torch.Tensor]:
    was_training = model.training
    model.eval()
    logits, labels = [], []
    for inputs, answers in batches:
        with autocast:
            logits.append(model(inputs).float())
        labels.append(answers)
    model.train(was_training)
    return torch.cat(logits), torch.cat(labels)
