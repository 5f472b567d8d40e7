"""Operations on the values of a batch's pixels, uint8 [batch, size, size, channels], as Pillow's ImageOps has them."""

from __future__ import annotations

import torch


def posterize(pixels: torch.Tensor, bits: int) -> torch.Tensor:
    """Keep the leading bits of every value."""
    return pixels & (0xFF << (8 - bits) & 0xFF)


def solarize(pixels: torch.Tensor, threshold: int) -> torch.Tensor:
    """Invert the values from the threshold on."""
    return pixels ^ ((pixels >= threshold).to(torch.uint8) * 255)


def autocontrast(pixels: torch.Tensor) -> torch.Tensor:
    """Stretch every channel of every image to 0 to 255; one that has a single value stays as it is."""
    values = pixels.float()
    least, most = values.amin((1, 2), keepdim=True), values.amax((1, 2), keepdim=True)
    constant = least == most
    least, width = least.masked_fill(constant, 0), (most - least).masked_fill(constant, 255)
    return (255 * (values - least) / width).to(torch.uint8)


def equalize(pixels: torch.Tensor) -> torch.Tensor:
    """Spread every channel of every image so that all values are about as frequent."""
    batch, size, _, channels = pixels.shape
    values = pixels.permute(0, 3, 1, 2).reshape(batch * channels, size * size).long()
    counts = torch.zeros(len(values), 256, dtype=torch.int64, device=pixels.device)
    counts.scatter_add_(1, values, torch.ones_like(values))
    # Pillow leaves the highest value out of the step, so that it reaches 255.
    step = (size * size - counts.gather(1, values.amax(1, keepdim=True))) // 255
    table = (counts.cumsum(1) - counts + step // 2) // step.clamp(min=1)
    table = torch.where(step > 0, table.clamp(max=255), torch.arange(256, device=pixels.device))
    return table.gather(1, values).view(batch, channels, size, size).permute(0, 2, 3, 1).to(torch.uint8)
