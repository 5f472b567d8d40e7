"""Weighted averages of two images and their labels (Zhang et al. 2018, "mixup: Beyond empirical risk minimization")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.kind import Draws, Mixing, before, mixed_labels
from ceteris.errors import InputError, Problem
from ceteris.registry import register


@register("augment")
def mixup(*, alpha: float = 1.0) -> Mixing:
    """Blend an image and its label with the image before it in the epoch (Zhang et al. 2018).

    Each image draws its own weight from Beta(alpha, alpha), where the paper's code draws one per batch. The mixed image
    is rounded to 8 bits. Put it after crops and flips.

    Args:
        alpha: above 0; 1 (any weight as likely) for CIFAR, 0.2 (mostly one image) for ImageNet in the paper.

    Raises InputError for an alpha out of bounds.
    """
    if not 0 < alpha < float("inf"):
        raise InputError(Problem(f"mixup: alpha must be above 0, not {alpha}", "alpha"))
    return _Mixup(alpha)


@dataclass(frozen=True)
class _Mixup:
    alpha: float

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        return {"own": generator.beta(self.alpha, self.alpha, images).astype(np.float32)}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        own = draws["own"][:, None, None, None]
        return torch.lerp(before(pixels).float(), pixels.float(), own).round_().to(torch.uint8)

    def mix_labels(self, targets: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        return mixed_labels(targets, draws["own"])
