"""Mirror images in every second epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.flip import mirrored_where
from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.registry import register


@register("augment")
def alternating_flip() -> Augmentation:
    """Mirror half of the images left to right in the first epoch, the other half in the next, and so on by turns.

    So two epochs show every image both ways, where a random flip shows one in two twice the same (Jordan 2024, arXiv
    2404.00498, section 3.6).
    """
    return _AlternatingFlip()


@dataclass(frozen=True)
class _AlternatingFlip:
    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        return {"mirrored": generator.random(images) < 0.5}

    def turn(self, draws: Draws) -> Draws:
        return {"mirrored": ~draws["mirrored"]}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        return mirrored_where(draws["mirrored"], pixels)
