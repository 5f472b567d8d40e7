"""Arrays as small pictures: many in one, and maps laid over images."""

from __future__ import annotations

import math

import numpy as np

LAID_OVER = np.array([213, 94, 0], np.float64)
"""Okabe and Ito's vermilion."""


def montage(tiles: np.ndarray, columns: int = 8) -> np.ndarray:
    """Tiles uint8 [n, h, w, c] in rows with a white line between them: uint8 [height, width, c]."""
    count, high, wide, channels = tiles.shape
    columns = min(columns, count)
    sheet = np.full((math.ceil(count / columns) * (high + 1) - 1, columns * (wide + 1) - 1, channels), 255, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (high + 1), place % columns * (wide + 1)
        sheet[top : top + high, left : left + wide] = tile
    return sheet


def stretched(values: np.ndarray) -> np.ndarray:
    """Any numbers as uint8 of the same shape, the lowest black and the highest white; all grey where they are equal."""
    low, span = np.nanmin(values), np.nanmax(values) - np.nanmin(values)
    shown = (values - low) / span if span > 0 else np.full(values.shape, 0.5)
    return np.asarray((255 * np.nan_to_num(shown)).round().astype(np.uint8))


def overlaid(pixels: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """An image uint8 [h, w, 1 or 3] in grey with a map [h, w] from 0 to 1 over it in colour: uint8 [h, w, 3]."""
    grey = pixels.astype(np.float64).mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    share = 0.75 * np.clip(strength, 0, 1)[..., None]
    return np.asarray(((1 - share) * grey + share * LAID_OVER).round().astype(np.uint8))
