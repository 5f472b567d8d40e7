"""Brightness, contrast, saturation, sharpness and hue of a batch, each image by its own factor.

All but hue blend an image with a plain version of itself, in the arithmetic of Pillow's ImageEnhance: a factor of 0
gives the plain version, 1 the image, more than 1 goes beyond it. Pixels are uint8 [batch, size, size, channels],
factors float32 [batch].
"""

from __future__ import annotations

import torch

_LUMA = (19595, 38470, 7471)
"""ITU-R 601 weights of red, green and blue in units of 2**-16, as Pillow has them."""


def brightness(pixels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Blend with black."""
    return _blended(torch.zeros_like(pixels), pixels, factor)


def contrast(pixels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Blend with the image's mean grey."""
    grey = _grey(pixels).flatten(1)
    count = grey.shape[1]
    mean = (2 * grey.sum(1) + count) // (2 * count)
    return _blended(mean[:, None, None, None], pixels, factor)


def saturation(pixels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Blend with the grey image; a grey image stays as it is."""
    return _blended(_grey(pixels), pixels, factor)


def sharpness(pixels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Blend with the image smoothed by a 3 x 3 mean whose centre counts fivefold; its border is not smoothed."""
    wide = pixels.float()
    three = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]
    total = three[:, :, :-2] + three[:, :, 1:-1] + three[:, :, 2:] + 4 * wide[:, 1:-1, 1:-1]
    wide[:, 1:-1, 1:-1] = (total / 13).round_()
    return _blended(wide, pixels, factor)


def hue(pixels: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Turn the hue of the HSV colour by a share of the circle (Smith 1978); a grey image stays as it is."""
    if pixels.shape[3] == 1:
        return pixels
    red, green, blue = pixels.permute(0, 3, 1, 2).contiguous().float().unbind(1)
    value, least = torch.maximum(torch.maximum(red, green), blue), torch.minimum(torch.minimum(red, green), blue)
    chroma = value - least
    divisor = chroma.clamp(min=1)  # whole numbers: a smaller chroma is 0, and then the hue does not matter
    sixth = torch.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor)
    sixth = torch.where(value == red, (green - blue) / divisor, sixth) + 6 * turn[:, None, None]
    turned = []
    for place in (5, 3, 1):
        distance = sixth + place
        distance -= 6 * (distance / 6).floor_()
        turned.append(value - chroma * torch.minimum(distance, 4 - distance).clamp_(0, 1))
    return torch.stack(turned, 3).round_().to(torch.uint8)


def _grey(pixels: torch.Tensor) -> torch.Tensor:
    """int32 [batch, size, size, 1]"""
    if pixels.shape[3] == 1:
        return pixels.int()
    red, green, blue = (weight * channel.int() for weight, channel in zip(_LUMA, pixels.unbind(3), strict=True))
    return ((red + green + blue + (1 << 15)) >> 16)[..., None]


def _blended(plain: torch.Tensor, pixels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    plain = plain.float()  # first: arithmetic between types takes ten times as long
    blend = (pixels.float() - plain).mul_(factor[:, None, None, None]).add_(plain)
    return blend.clamp_(0, 255).to(torch.uint8)
