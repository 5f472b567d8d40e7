"""One image file into 8-bit pixels of the wanted size: refused when it is broken, never half of it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ceteris.errors import InputError, Problem

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
MAX_PIXELS = 64_000_000
"""Larger images are refused before they are decoded."""
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, struct.error, zlib.error)


def decode_image(content: bytes, where: str, size: int, channels: int) -> np.ndarray:
    """Pixels uint8 [size, size, channels] of an image file: its centre square, resized.

    The shorter side becomes `size` (Pillow's bilinear filter, which averages when it shrinks). The camera's orientation
    (EXIF) is applied, what is transparent becomes white, of an animation the first frame is taken, 16-bit grey is
    scaled to 8 bits.

    Args:
        content: the file: PNG, JPEG, BMP, GIF, WebP or TIFF.
        where: its name, for errors.
        size: in pixels.
        channels: 1 (grey, ITU-R 601 luma) or 3.

    Raises InputError for a file that is no such image, damaged, cut short or of more than MAX_PIXELS.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                what = f"has {opened.width} x {opened.height} pixels, more than {MAX_PIXELS:,}"
                raise InputError(Problem(what, where, "shrink it"))
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            square = ImageOps.fit(_eight_bit(upright, channels), (size, size), Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        what = "is no image that can be read" if isinstance(error, UnidentifiedImageError) else "is far too large"
        raise InputError(Problem(what, where, "replace or delete it")) from None
    except _BROKEN as error:
        raise InputError(Problem(f"is damaged: {error}", where, "replace or delete it")) from None
    return np.asarray(square).reshape(size, size, channels)


def _eight_bit(image: Image.Image, channels: int) -> Image.Image:
    """The image in mode L or RGB."""
    mode = "L" if channels == 1 else "RGB"
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("its 32-bit values have no fixed range")
        image = Image.fromarray(np.round(values / 257).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("its floating-point values have no fixed range")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image.convert(mode)
