"""Random brightness, contrast, saturation and hue (Howard 2013; torchvision's ColorJitter)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ceteris.data.augment import enhance
from ceteris.data.augment.kind import Augmentation, Draws
from ceteris.errors import InputError, Problem
from ceteris.registry import register

_FACTORS = {"brightness": enhance.brightness, "contrast": enhance.contrast, "saturation": enhance.saturation}


@register("augment")
def color_jitter(
    *, brightness: float = 0.4, contrast: float = 0.4, saturation: float = 0.4, hue: float = 0.1
) -> Augmentation:
    """Change brightness, contrast, saturation and hue at random, in this order (torchvision's ColorJitter shuffles it).

    Args:
        brightness, contrast, saturation: x draws a factor between 1 - x (at least 0) and 1 + x; at least 0.
        hue: x draws a turn between -x and x of the colour circle; 0 to 0.5.

    Raises InputError for values out of bounds.
    """
    options = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    limits = {name: 0.5 if name == "hue" else float("inf") for name in options}
    problems = [
        Problem(f"color-jitter: {name} must lie between 0 and {limits[name]}, not {value}", name)
        for name, value in options.items()
        if not 0 <= value <= limits[name] or value == float("inf")
    ]
    if problems:
        raise InputError(*problems)
    return _ColorJitter(options)


@dataclass(frozen=True)
class _ColorJitter:
    options: dict[str, float]

    def draw(self, generator: np.random.Generator, images: int, image_size: int) -> Draws:
        ranges = {name: (max(0.0, 1 - self.options[name]), 1 + self.options[name]) for name in _FACTORS}
        ranges["hue"] = (-self.options["hue"], self.options["hue"])
        return {name: generator.uniform(*ends, images).astype(np.float32) for name, ends in ranges.items()}

    def __call__(self, pixels: torch.Tensor, draws: dict[str, torch.Tensor]) -> torch.Tensor:
        for name, adjust in _FACTORS.items():
            if self.options[name]:
                pixels = adjust(pixels, draws[name])
        return enhance.hue(pixels, draws["hue"]) if self.options["hue"] else pixels
