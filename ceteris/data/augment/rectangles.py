"""Rectangles inside square images, a different one for every image."""

from __future__ import annotations

import torch


def inside(box: torch.Tensor, size: int) -> torch.Tensor:
    """Whether a pixel lies in its image's rectangle: bool [batch, size, size, 1].

    Args:
        box: whole numbers [batch, 4]: first row, row after the last, first column, column after the last.
        size: of the images, in pixels.
    """
    place = torch.arange(size, device=box.device)
    rows = (place >= box[:, :1]) & (place < box[:, 1:2])
    columns = (place >= box[:, 2:3]) & (place < box[:, 3:])
    return (rows[:, :, None] & columns[:, None, :])[..., None]
