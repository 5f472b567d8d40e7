"""Rectangles that hide a part of an image (Zhong et al. 2020, "Random erasing data augmentation")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.data.augment.rectangles import inside
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def random_erasing(
    *, probability: float = 0.5, smallest: float = 0.02, largest: float = 0.4, aspect: float = 0.3
) -> Augmentation:
    """Hide a random rectangle behind a random colour (Zhong et al. 2020).

    The paper gives every hidden pixel its own colour, and draws again where a rectangle does not fit. Here a rectangle
    has one colour, as an epoch's draws come first, and its shape is drawn from those that fit its area.

    Args:
        probability: of each image, 0 to 1.
        smallest, largest: share of the image's area, above 0 to 1.
        aspect: height to width lies between this, above 0 to 1, and its inverse, tall and wide as likely.

    Raises InputError for values out of bounds.
    """
    problems = []
    if not 0 <= probability <= 1:
        what = f"random-erasing: probability must lie between 0 and 1, not {probability}"
        problems.append(Problem(what, "probability"))
    if not 0 < smallest <= largest <= 1:
        what = f"random-erasing: needs 0 < smallest <= largest <= 1, not {smallest} and {largest}"
        problems.append(Problem(what, "smallest"))
    if not 0 < aspect <= 1:
        problems.append(Problem(f"random-erasing: aspect must lie above 0 and at most 1, not {aspect}", "aspect"))
    if problems:
        raise InputError(*problems)
    return _RandomErasing(probability, smallest, largest, aspect)


@dataclass(frozen=True)
class _RandomErasing:
    probability: float
    smallest: float
    largest: float
    aspect: float

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        area = generator.uniform(self.smallest, self.largest, images)
        # A rectangle of that area fits when its aspect lies between the area and its inverse.
        limit = np.log(np.maximum(self.aspect, area))
        tall = np.exp(limit * generator.uniform(-1, 1, images))
        shape = np.sqrt(area[:, None] * np.stack([tall, 1 / tall], axis=1))
        sides = np.clip(np.round(image_size * shape).astype(np.int64), 1, image_size)
        first = generator.integers(0, image_size - sides, endpoint=True)
        sides[generator.random(images) >= self.probability] = 0
        box = np.stack([first, first + sides], axis=2).reshape(images, 4)
        return {"box": box, "colour": generator.integers(0, 256, (images, 3), dtype=np.uint8)}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        colour = draws["colour"][:, None, None, : pixels.shape[3]]
        return torch.where(inside(draws["box"], pixels.shape[1]), colour, pixels)
