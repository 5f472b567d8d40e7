"""Random shifts of an image that is continued by its own reflection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.crop import windows
from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def translate(*, pixels: int = 2) -> Augmentation:
    """Shift by up to some pixels each way; what comes in from outside is the image's reflection at its edge.

    Args:
        pixels: the largest shift, at least 0 and smaller than the image. Raises InputError below 0.
    """
    if pixels < 0:
        raise InputError(Problem(f"translate: pixels must be at least 0, not {pixels}", "pixels"))
    return _Translate(pixels)


@dataclass(frozen=True)
class _Translate:
    reach: int

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        if self.reach >= image_size:
            what = f"translate: images of {image_size} x {image_size} pixels cannot be shifted by {self.reach}"
            raise InputError(Problem(what, "pixels", "choose fewer"))
        return {"offset": generator.integers(0, 2 * self.reach, (images, 2), endpoint=True)}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        last = pixels.shape[1] - 1
        places = torch.arange(-self.reach, last + self.reach + 1, device=pixels.device)
        reflected = last - (last - places.abs()).abs()
        padded = pixels.index_select(1, reflected).index_select(2, reflected)
        return windows(padded, draws["offset"], pixels.shape[1])
