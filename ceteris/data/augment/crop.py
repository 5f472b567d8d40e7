"""Random crops of zero-padded images (He et al. 2016, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def crop(*, padding: int = 4) -> Augmentation:
    """Pad with black on every side, then cut the original size at a random place.

    Args:
        padding: pixels on each side. Raises InputError below 0.
    """
    if padding < 0:
        raise InputError(Problem(f"crop: padding must be at least 0 pixels, not {padding}", "padding"))
    return _Crop(padding)


@dataclass(frozen=True)
class _Crop:
    padding: int

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        return {"offset": generator.integers(0, 2 * self.padding, (images, 2), endpoint=True)}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        padded = functional.pad(pixels, (0, 0, *[self.padding] * 4))
        return windows(padded, draws["offset"], pixels.shape[1])


def windows(padded: torch.Tensor, offset: torch.Tensor, size: int) -> torch.Tensor:
    """From every image [batch, around, around, channels] the square of that size at its offset [batch, 2]."""
    batch, around, _, channels = padded.shape
    # Every padded pixel starts a window of the original size; overlapping views, so that one gather takes them all.
    starting = padded.as_strided(
        (batch * around**2 - (size - 1) * around - size + 1, size, size * channels),
        (channels, around * channels, 1),
    )
    first = torch.arange(batch, device=padded.device) * around**2
    starts = first + offset[:, 0] * around + offset[:, 1]
    return starting.index_select(0, starts).view(batch, size, size, channels)
