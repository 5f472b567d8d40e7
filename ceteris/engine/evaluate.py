"""Predictions of a model on a set of images, in order, without touching the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EVALUATION_BATCH = 250
"""Images; fixed, so that the last bits of a prediction never depend on the recipe's batch size."""


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


@torch.inference_mode()
def predict(
    model: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], autocast: torch.autocast
) -> Predictions:
    """Run the model in evaluation mode over (inputs, labels) batches; its training mode is restored."""
    was_training = model.training
    model.eval()
    logits, labels = [], []
    for inputs, answers in batches:
        with autocast:
            logits.append(model(inputs).float())
        labels.append(answers)
    model.train(was_training)
    return Predictions(torch.cat(logits).cpu(), torch.cat(labels).cpu())
