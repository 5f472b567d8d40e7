"""Damaged image files in a folder that was read before."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.data.folder import Folder
from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome, draws

FAULT = "an image file cut short or with flipped bits"
PROMISE = "refused by name, or, where it still decodes whole, noticed by its hash: silently used 0"
SOURCE = "data"

DAMAGED, SHORT_DAMAGED = 1000, 65
_SIDE = 16


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """One image of the folder is replaced by a damaged one of the same format; the formats take turns."""
    sound = _images()
    numbers = range(1, 1 + (SHORT_DAMAGED if short else DAMAGED)) if only is None else [only]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of damage before it refuses it
        for number in numbers:
            label = list(sound)[number % len(sound)]
            root = Path(folder, str(number))
            what, content = _damaged(number, sound[label])
            outcome, detail = _outcome(root, label, sound[label], content, cut=what.startswith("cut"))
            yield Injection(number, f"{label}: {what}", outcome, detail)


def _outcome(root: Path, label: str, whole: bytes, content: bytes, *, cut: bool) -> tuple[Outcome, str]:
    """What a second reading of the folder makes of the damaged file."""
    victim = root / "images" / "a" / f"victim.{label.partition(' ')[0]}"
    for name in ("a/one.png", "b/two.png", "b/three.png"):
        file = root / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_encoded(Image.new("RGB", (_SIDE, _SIDE)), "PNG"))
    victim.write_bytes(whole)
    before = _source(root).load()
    victim.write_bytes(content)
    try:
        after = _source(root).load()
    except InputError as error:
        named = victim.name in str(error)
        return (Outcome.REFUSED, "") if named else (Outcome.WRONG, f"the file is not named: {error}")
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
    if after.facts.fingerprint == before.facts.fingerprint:
        return Outcome.WRONG, "the change was not noticed"
    if all(np.array_equal(getattr(after, one).pixels, getattr(before, one).pixels) for one in ("train", "test")):
        return Outcome.SURVIVED, ""
    return (Outcome.WRONG, "part of an image was used") if cut else (Outcome.REFUSED, "another data set by its hash")


def _source(root: Path) -> Folder:
    return Folder(DataPlace(root, root / "cache"), root / "images", size=_SIDE, channels=3, test=0.5)


def _images() -> dict[str, bytes]:
    """File suffix and kind -> an image of noise."""
    generator = draws("images", 0)
    colour = Image.fromarray(generator.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8))
    deep = Image.fromarray(generator.integers(0, 65536, (_SIDE, _SIDE)).astype(np.uint16))
    return {
        "jpg": _encoded(colour, "JPEG"),
        "jpg progressive": _encoded(colour, "JPEG", progressive=True),
        "jpg CMYK": _encoded(colour.convert("CMYK"), "JPEG"),
        "png": _encoded(colour, "PNG"),
        "png palette": _encoded(colour.convert("P"), "PNG"),
        "png 16-bit": _encoded(deep, "PNG"),
        "gif": _encoded(colour, "GIF"),
        "gif animated": _encoded(colour, "GIF", save_all=True, append_images=[colour.rotate(90)]),
        "bmp": _encoded(colour, "BMP"),
        "webp": _encoded(colour, "WEBP"),
        "webp lossless": _encoded(colour, "WEBP", lossless=True),
        "tif": _encoded(colour, "TIFF"),
        "tif LZW": _encoded(colour, "TIFF", compression="tiff_lzw"),
    }


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _damaged(number: int, whole: bytes) -> tuple[str, bytes]:
    generator, content = draws("images", number), bytearray(whole)
    place = int(generator.integers(len(content)))
    if generator.random() < 0.5:
        return f"cut to {place} of {len(whole)} bytes", bytes(content[:place])
    content[place] ^= 1 << int(generator.integers(8))
    return f"a bit flipped in byte {place}", bytes(content)
