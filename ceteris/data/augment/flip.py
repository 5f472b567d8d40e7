"""Random mirror images, left to right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def flip(*, probability: float = 0.5) -> Augmentation:
    """Mirror an image left to right with a given probability.

    Args:
        probability: of each image. Raises InputError outside 0 to 1.
    """
    if not 0 <= probability <= 1:
        raise InputError(Problem(f"flip: probability must lie between 0 and 1, not {probability}", "probability"))
    return _Flip(probability)


@dataclass(frozen=True)
class _Flip:
    probability: float

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        return {"mirrored": generator.random(images) < self.probability}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        return mirrored_where(draws["mirrored"], pixels)


def mirrored_where(chosen: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """Pixels [batch, size, size, channels], left and right exchanged in the images that are chosen, bool [batch]."""
    # Whole images are picked from both versions: a choice pixel by pixel takes three times as long on a CPU.
    rows = torch.arange(len(pixels), device=pixels.device) + len(pixels) * chosen
    return torch.cat((pixels, pixels.flip(2))).index_select(0, rows)
