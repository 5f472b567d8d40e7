"""A few operations drawn at random, all of one strength (Cubuk et al. 2020, "RandAugment")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment.affine import rotate, shear, translate
from ceteris.data.augment.enhance import brightness, contrast, saturation, sharpness
from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.data.augment.tones import autocontrast, equalize, posterize, solarize
from ceteris.errors import InputError, Problem
from ceteris.registry import register

STRONGEST = 30


@register("augment")
def rand_augment(*, operations: int = 2, magnitude: int = 9) -> Augmentation:
    """Apply random operations of one strength to each image, each of the paper's 14 as likely (Cubuk et al. 2020).

    Identity, brightness, contrast, colour, sharpness, posterize, solarize, autocontrast, equalize, and translation,
    shear (either axis) and rotation, black where nothing is left; those that have two directions draw one. Ranges as
    torchvision's RandAugment. Put it before mixing.

    Args:
        operations: applied one after the other, drawn with replacement; at least 1.
        magnitude: 0 to 30, where 30 is a factor of 1 +- 0.9, 4 bits fewer, all values inverted, 45 % of the size,
            a shear of 0.3 and 30 degrees.

    Raises InputError for values out of bounds.
    """
    problems = []
    if operations < 1:
        problems.append(Problem(f"rand-augment: operations must be at least 1, not {operations}", "operations"))
    if not 0 <= magnitude <= STRONGEST:
        what = f"rand-augment: magnitude must lie between 0 and {STRONGEST}, not {magnitude}"
        problems.append(Problem(what, "magnitude"))
    if problems:
        raise InputError(*problems)
    return _RandAugment(operations, magnitude / STRONGEST)


@dataclass(frozen=True)
class _RandAugment:
    operations: int
    strength: float

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        shape = images, self.operations
        return {
            "operation": generator.integers(0, len(OPERATIONS), shape),
            "sign": 1 - 2 * generator.integers(0, 2, shape).astype(np.float32),
        }

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        for turn in range(self.operations):
            pixels = self._one_each(pixels, draws["operation"][:, turn], draws["sign"][:, turn])
        return pixels

    def _one_each(self, pixels: torch.Tensor, operation: torch.Tensor, sign: torch.Tensor) -> torch.Tensor:
        # Images that drew the same operation lie together, so that each is one call.
        order = operation.argsort(stable=True)
        counts = operation.bincount(minlength=len(OPERATIONS)).tolist()
        groups = zip(
            OPERATIONS.values(), torch.split(pixels[order], counts), torch.split(sign[order], counts), strict=True
        )
        done = [apply(group, self.strength, signs) for apply, group, signs in groups if len(group)]
        return torch.empty_like(pixels).index_copy_(0, order, torch.cat(done))


def _factor(strength: float, sign: torch.Tensor) -> torch.Tensor:
    return 1 + 0.9 * strength * sign


def _distance(pixels: torch.Tensor, strength: float, sign: torch.Tensor) -> torch.Tensor:
    """Whole pixels, up to 150 of 331."""
    return sign * int(strength * 150 / 331 * pixels.shape[1])


Operation = Callable[[torch.Tensor, float, torch.Tensor], torch.Tensor]

OPERATIONS: dict[str, Operation] = {
    "identity": lambda pixels, strength, sign: pixels,
    "brightness": lambda pixels, strength, sign: brightness(pixels, _factor(strength, sign)),
    "contrast": lambda pixels, strength, sign: contrast(pixels, _factor(strength, sign)),
    "colour": lambda pixels, strength, sign: saturation(pixels, _factor(strength, sign)),
    "sharpness": lambda pixels, strength, sign: sharpness(pixels, _factor(strength, sign)),
    "posterize": lambda pixels, strength, sign: posterize(pixels, 8 - round(4 * strength)),
    "solarize": lambda pixels, strength, sign: solarize(pixels, round(255 * (1 - strength))),
    "autocontrast": lambda pixels, strength, sign: autocontrast(pixels),
    "equalize": lambda pixels, strength, sign: equalize(pixels),
    "translate-x": lambda pixels, strength, sign: translate(pixels, _distance(pixels, strength, sign), 0 * sign),
    "translate-y": lambda pixels, strength, sign: translate(pixels, 0 * sign, _distance(pixels, strength, sign)),
    "shear-x": lambda pixels, strength, sign: shear(pixels, 0.3 * strength * sign, 0 * sign),
    "shear-y": lambda pixels, strength, sign: shear(pixels, 0 * sign, 0.3 * strength * sign),
    "rotate": lambda pixels, strength, sign: rotate(pixels, 30 * strength * sign),
}
"""Name -> (pixels uint8 [n, size, size, channels], strength 0 to 1, signs float32 [n]) -> the same shape and type."""
