"""A rectangle of another image, and its share of the label (Yun et al. 2019, "CutMix")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.kind import Draws, Mixing, before, mixed_labels
from ceteris.data.augment.rectangles import inside
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def cutmix(*, alpha: float = 1.0, probability: float = 1.0) -> Mixing:
    """Paste a rectangle of the image before it in the epoch, and mix the labels by area (Yun et al. 2019).

    The rectangle has the image's shape, a share 1 - w of its area with w from Beta(alpha, alpha), and its centre
    anywhere; what lies outside the image is cut off, and the labels are mixed by the area that is left. Each image
    draws its own, where the paper's code draws one per batch. Put it after crops and flips.

    Args:
        alpha: above 0; the paper uses 1.
        probability: of each image; the paper's code takes 0.5 for CIFAR and 1 for ImageNet.

    Raises InputError for values out of bounds.
    """
    problems = []
    if not 0 < alpha < float("inf"):
        problems.append(Problem(f"cutmix: alpha must be above 0, not {alpha}", "alpha"))
    if not 0 <= probability <= 1:
        problems.append(Problem(f"cutmix: probability must lie between 0 and 1, not {probability}", "probability"))
    if problems:
        raise InputError(*problems)
    return _Cutmix(alpha, probability)


@dataclass(frozen=True)
class _Cutmix:
    alpha: float
    probability: float

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        pasted = 1 - generator.beta(self.alpha, self.alpha, images)
        centre = generator.integers(0, image_size, (images, 2))
        side = np.floor(image_size * np.sqrt(pasted)).astype(np.int64)
        side[generator.random(images) >= self.probability] = 0
        first = np.maximum(centre - side[:, None] // 2, 0)
        after = np.minimum(centre + side[:, None] // 2, image_size)
        own = 1 - np.prod(after - first, axis=1) / image_size**2
        return {"box": np.stack([first, after], axis=2).reshape(images, 4), "own": own.astype(np.float32)}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.where(inside(draws["box"], pixels.shape[1]), before(pixels), pixels)

    def mix_labels(self, targets: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        return mixed_labels(targets, draws["own"])
