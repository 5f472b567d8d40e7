"""Shifted, sheared and turned batches: the nearest pixel, and black where there is none."""

from __future__ import annotations

import math

import torch


def translate(pixels: torch.Tensor, right: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """Move every image by its own number of pixels."""
    return _sampled(pixels, (1, 0, -right), (0, 1, -down))


def shear(pixels: torch.Tensor, across: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
    """Slide every row left by `across` times its place, every column up by `along` times its place."""
    return _sampled(pixels, (1, across, 0), (along, 1, 0))


def rotate(pixels: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    """Turn every image counter-clockwise about its centre."""
    centre = pixels.shape[1] / 2
    cosine, sine = (f(degrees * (math.pi / 180)) for f in (torch.cos, torch.sin))
    return _sampled(
        pixels,
        (cosine, -sine, centre - (cosine - sine) * centre),
        (sine, cosine, centre - (sine + cosine) * centre),
    )


Row = tuple[torch.Tensor | float, torch.Tensor | float, torch.Tensor | float]


def _sampled(pixels: torch.Tensor, column: Row, row: Row) -> torch.Tensor:
    """Every pixel from where it was: `column` and `row` of the source are a * x + b * y + c of its centre (x, y).

    Coefficients are numbers for all, or float32 [batch].
    """
    batch, size, _, channels = pixels.shape
    place = torch.arange(size, device=pixels.device) + 0.5
    source = []
    for coefficients in (column, row):
        a, b, c = (torch.as_tensor(value, device=pixels.device).view(-1, 1, 1) for value in coefficients)
        source.append((a * place + b * place[:, None] + c).floor_())
    there = torch.stack([(each >= 0) & (each < size) for each in source]).all(0)
    across, down = (each.clamp_(0, size - 1).long() for each in source)
    index = (
        down * size + across + torch.arange(0, batch * size * size, size * size, device=pixels.device).view(-1, 1, 1)
    )
    moved = pixels.reshape(-1, channels).index_select(0, index.expand(batch, size, size).flatten()).view(pixels.shape)
    return moved * there[..., None]
