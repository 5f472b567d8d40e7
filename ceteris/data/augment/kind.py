"""What every augmentation is: draws for a whole epoch first, then a pure function of a batch and its draws."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Mixing(Augmentation, Protocol):
    """An augmentation that mixes every image with another one of its batch, and their labels alike.

    The other one is `before(pixels)`: the image that precedes it in the epoch's random order. So the batch size moves
    only the partner of a batch's first image, which is the batch's last; every draw is the image's own.
    """

    def mix_labels(self, targets: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        """Shares of the classes, float32 [batch, classes], and the same draws -> the mixed shares."""


@runtime_checkable
class Alternating(Augmentation, Protocol):
    """An augmentation that draws once per image, for the first epoch, and turns the draws over in every second one."""

    def turn(self, draws: Draws) -> Draws:
        """The draws of the even epochs from those of the odd ones."""


def before(batch: torch.Tensor) -> torch.Tensor:
    """Row i - 1 in the place of every row i; the last one in the place of the first."""
    return batch.roll(1, 0)


def mixed_labels(targets: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The share `own` (float32 [batch]) of every row of targets, the rest from the row before it."""
    return torch.lerp(before(targets), targets, own[:, None])
