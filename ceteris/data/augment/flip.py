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
        return torch.where(draws["mirrored"][:, None, None, None], pixels.flip(2), pixels)
