"""What every augmentation is: draws for a whole epoch first, then a pure function of a batch and its draws."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

Draws = dict[str, np.ndarray]


class Augmentation(Protocol):
    """What a builder registered as "augment" returns.

    All randomness is drawn up front, one row per image of the epoch in training order, from the stream
    `augment/<epoch>/<name>`. So neither the batch size nor another augmentation moves a draw.
    """

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        """Named arrays with one row per image of the epoch."""

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        """uint8 [batch, size, size, channels] and the batch's rows of the draws -> the same shape and type."""
