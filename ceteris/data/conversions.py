"""Image files that are not plain 8-bit grey or colour: what becomes of each is said."""

from __future__ import annotations

import io
import warnings
from collections import defaultdict
from collections.abc import Mapping

from PIL import Image

from ceteris.data.decode import FORMATS
from ceteris.data.duplicates import listed

PLAIN = ("L", "RGB")
CONVERSIONS: Mapping[str, str] = {
    "animated": "animated images, of which the first frame is used",
    "16-bit": "images of 16 bits a channel, scaled to 8",
    "CMYK": "CMYK images, converted to RGB",
    "palette": "images with a palette, converted to RGB",
    "transparent": "partly transparent images, laid on white",
    "other": "images of an unusual mode, converted",
}
"""Kind -> what is said of images of it."""


def kind_of(content: bytes) -> str:
    """Which of CONVERSIONS an image file undergoes, by its header; nothing for a plain or an unreadable one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return _kind(image)
    except Exception:  # decoding says what is wrong, and refuses it
        return ""


def conversion_notes(converted: Mapping[str, str]) -> tuple[str, ...]:
    """What a reader must know of them, given path -> kind."""
    by_kind = defaultdict(list)
    for path, kind in converted.items():
        by_kind[kind].append(path)
    return tuple(
        f"{said}: {len(by_kind[kind])} ({listed(by_kind[kind])})"
        for kind, said in CONVERSIONS.items()
        if kind in by_kind
    )


def _kind(image: Image.Image) -> str:
    if getattr(image, "is_animated", False):
        return "animated"
    if image.mode.startswith("I"):
        return "16-bit"
    if image.mode == "CMYK":
        return "CMYK"
    if image.has_transparency_data:
        return "transparent"
    if image.mode == "P":
        return "palette"
    return "" if image.mode in PLAIN else "other"
