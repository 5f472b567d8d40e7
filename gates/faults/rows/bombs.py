"""Small files that say, or unpack to, something huge."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.data.decode import decode_image
from ceteris.data.folder import Folder
from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome
from gates.faults.trials import forked

FAULT = "decompression bombs: images and archives of kilobytes that claim or hold hundreds of megabytes"
PROMISE = "refused by what they claim, or read within the memory of the largest image that is allowed"
SOURCE = "data"

MIB = 2**20
CAP = 192 * MIB
"""More than a process that imported the product has at rest: for what is refused, and for archives."""
LARGEST = 1024 * MIB
"""The same for an image just below the pixels that are allowed, of which a few copies in RGBA exist at a time."""
UNPACKED = 128 * MIB
SIDE = 20_000
_READS = "is read"


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every bomb in a process of its own, whose highest memory is measured; short and full are the same."""
    for number, (label, name, make, fate) in enumerate(BOMBS, 1):
        if only in (None, number):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_bytes(make())
                outcome, detail = _outcome(path, fate)
                yield Injection(number, label, outcome, detail)


def _outcome(path: Path, fate: str) -> tuple[Outcome, str]:
    said = path.with_suffix(".said")
    status = os.waitpid(forked(lambda: said.write_text(_opened(path))), 0)[1]
    if status or not said.exists():
        return Outcome.WRONG, f"its process ended with {os.waitstatus_to_exitcode(status)}"
    what, _, used = said.read_text().rpartition("\n")
    cap = LARGEST if fate == _READS else CAP
    if int(used) > cap:
        return Outcome.WRONG, f"it took {int(used) / MIB:,.0f} MiB, more than {cap / MIB:,.0f}"
    if what == _READS:
        return (Outcome.SURVIVED, "") if fate == _READS else (Outcome.WRONG, "it was read")
    return (Outcome.REFUSED, "") if what.startswith("refused") else (Outcome.WRONG, what)


def _opened(path: Path) -> str:
    """What became of it, and the bytes of memory that it took at most."""
    Path("/proc/self/clear_refs").write_text("5")
    warnings.simplefilter("ignore")  # Pillow warns of size before it is refused
    before, what = _highest(), _READS
    try:
        if path.suffix in (".zip", ".gz", ".xz", ".bz2", ".tar"):
            Folder(DataPlace(path.parent, path.parent / "cache"), path, size=8, channels=3, test=0.5).load()
        else:
            decode_image(path.read_bytes(), path.name, 8, 3)
    except InputError as error:
        what = f"refused: {error}"
    except BaseException as error:
        what = f"no words: {type(error).__name__}: {error}"
    return f"{what}\n{_highest() - before}"


def _highest() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _plain(kind: str, side: int, mode: str = "1") -> Callable[[], bytes]:
    """An image of one colour that really is so large."""
    return lambda: _encoded(Image.new(mode, (side, side)), kind)


def _png(chunks: list[tuple[bytes, bytes]], side: int = 8, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    rows = zlib.compress(bytes((1 + side * 3) * side)) if side < 100 else zlib.compress(bytes(1000))
    every = [(b"IHDR", header), *chunks, (b"IDAT", rows), (b"IEND", b"")]
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in every)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _zeros() -> bytes:
    return zlib.compress(bytes(UNPACKED), 9)


def _patched(kind: str, at: Callable[[bytes], int], value: bytes) -> Callable[[], bytes]:
    """A sound image whose header claims another size."""

    def make() -> bytes:
        content = bytearray(_encoded(Image.new("RGB", (8, 8)), kind))
        place = at(bytes(content))
        content[place : place + len(value)] = value
        return bytes(content)

    return make


def _frames() -> bytes:
    shades = [Image.fromarray(np.full((64, 64), n % 256, np.uint8)) for n in range(3000)]
    return _encoded(shades[0], "GIF", save_all=True, append_images=shades[1:])


def _members(content: bytes, count: int = 1) -> dict[str, bytes]:
    small = {f"{'ab'[n % 2]}/{n}.png": _encoded(Image.new("RGB", (8, 8), (n, n, n)), "PNG") for n in range(8)}
    return small | {f"a/bomb{n}.png": content for n in range(count)}


def _zip(content: bytes, count: int = 1, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, each in _members(content, count).items():
            archive.writestr(name, each)
    return buffer.getvalue()


def _lying_zip() -> bytes:
    """Its directory says one kilobyte where the member unpacks to much more."""
    content = bytearray(_zip(bytes(UNPACKED)))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1024)
    return bytes(content)


def _tar(pack: Callable[[bytes], bytes], content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, each in _members(content).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(each)
            archive.addfile(entry, io.BytesIO(each))
    return pack(buffer.getvalue())


def _square(side: int) -> bytes:
    return struct.pack(">HH", side, side)


BOMBS: tuple[tuple[str, str, Callable[[], bytes], str], ...] = (
    ("a PNG of 400 million pixels", "a.png", _plain("PNG", SIDE), ""),
    ("a TIFF of 400 million pixels", "a.tif", lambda: _encoded(
        Image.new("1", (SIDE, SIDE)), "TIFF", compression="group4"), ""),
    ("a GIF of 100 million pixels", "a.gif", _plain("GIF", 10_000, "P"), ""),
    ("a PNG that claims 2^62 pixels", "a.png", lambda: _png([], side=2**31 - 1), ""),
    ("a PNG that claims 4 billion pixels of 16 bits", "a.png", lambda: _png([], side=65_000, depth=16), ""),
    ("a JPEG that claims 65,500 x 65,500", "a.jpg", _patched("JPEG", lambda c: c.index(b"\xff\xc0") + 5,
        _square(65_500)), ""),
    ("a BMP that claims 60,000 x 60,000", "a.bmp", _patched("BMP", lambda c: 18, struct.pack("<ii", 60_000, 60_000)),
        ""),
    ("a GIF that claims 65,535 x 65,535", "a.gif", _patched("GIF", lambda c: 6, struct.pack("<HH", 65_535, 65_535)),
        ""),
    ("a PNG whose text unpacks to 128 MiB", "a.png", lambda: _png([(b"zTXt", b"k\0\0" + _zeros())]), ""),
    ("a PNG whose profile unpacks to 128 MiB", "a.png", lambda: _png([(b"iCCP", b"k\0\0" + _zeros())]), _READS),
    ("a PNG whose international text unpacks to 128 MiB", "a.png",
        lambda: _png([(b"iTXt", b"k\0\1\0\0\0" + _zeros())]), ""),
    ("an image just below the pixels that are allowed", "a.png", _plain("PNG", 7_900), _READS),
    ("the same in grey", "a.png", _plain("PNG", 7_900, "L"), _READS),
    ("the same as a palette with transparency", "a.png", lambda: _encoded(
        Image.new("P", (7_900, 7_900)), "PNG", transparency=0), _READS),
    ("an image of 64 million x 1", "a.png", lambda: _encoded(Image.new("1", (60_000_000, 1)), "PNG"), _READS),
    ("3,000 frames", "a.gif", _frames, _READS),
    ("a zip of 128 MiB of zeros", "a.zip", lambda: _zip(bytes(UNPACKED)), ""),
    ("a zip whose directory lies about it", "a.zip", _lying_zip, ""),
    ("a zip of bzip2 of 128 MiB of zeros", "a.zip", lambda: _zip(bytes(UNPACKED), 1, zipfile.ZIP_BZIP2), ""),
    ("a zip of many members of zeros", "a.zip", lambda: _zip(bytes(8 * MIB), 24), ""),
    ("a zip of zips", "a.zip", lambda: _zip(_zip(_zip(bytes(16 * MIB)))), ""),
    ("a tar.gz of 128 MiB of zeros", "a.tar.gz", lambda: _tar(gzip.compress, bytes(UNPACKED)), ""),
    ("a tar.bz2 of 128 MiB of zeros", "a.tar.bz2", lambda: _tar(bz2.compress, bytes(UNPACKED)), ""),
    ("a tar.xz of 128 MiB of zeros", "a.tar.xz", lambda: _tar(lzma.compress, bytes(UNPACKED)), ""),
    ("a gzip of a gzip", "a.tar.gz", lambda: gzip.compress(gzip.compress(bytes(UNPACKED))), ""),
)  # fmt: skip
