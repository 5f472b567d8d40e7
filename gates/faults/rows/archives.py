"""Hostile and damaged archives where a folder of images is expected."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.data.folder import Folder
from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome, draws

FAULT = "an archive that reaches outside, holds links or devices, unpacks to too much, or is damaged"
PROMISE = "regular files inside the root only, capped; refused whole: bytes outside 0"
SOURCE = "data"

DAMAGED, SHORT_DAMAGED = 400, 40
Member = tuple[tarfile.TarInfo, bytes]
_OUTSIDE = (
    "../out.png", "a/../../out.png", "/out.png", "//out.png", "C:/out.png", "c:out.png", "..\\out.png",
    "a\\..\\..\\out.png", "./../out.png", "a/b/../../../out.png",
)  # fmt: skip
_LINKS = {
    "symbolic link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE, "FIFO": tarfile.FIFOTYPE,
}  # fmt: skip
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar.bz2": bz2.compress,
}  # fmt: skip


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each hostile archive, then flipped and cut bytes of sound ones."""
    hostile = list(_hostile())
    count = len(hostile) + (SHORT_DAMAGED if short else DAMAGED)
    with tempfile.TemporaryDirectory() as folder:
        sound = {kind: _sound(kind) for kind in ("zip", *_PACKED)}
        known = {_read(Path(folder, "sound"), kind, content)[1] for kind, content in sound.items()}
        for number in range(1, count + 1) if only is None else [only]:
            if number <= len(hostile):
                label, kind, content = hostile[number - 1]
            else:
                label, kind, content = _damaged(number, sound)
            root = Path(folder, str(number))
            outcome, detail = _read(root, kind, content)
            if outcome is Outcome.SURVIVED and detail not in known:
                outcome, detail = Outcome.WRONG, "it was read as other images than it held"
            beside = sorted(path.name for path in root.rglob("*") if path.suffix == ".png")
            if beside:
                outcome, detail = Outcome.WRONG, f"files were written: {', '.join(beside)}"
            yield Injection(number, f"{label} ({kind})", outcome, "" if outcome is Outcome.SURVIVED else detail)


def _read(root: Path, kind: str, content: bytes) -> tuple[Outcome, str]:
    """What hashing the archive, as planning does, makes of it; the fingerprint when it is read."""
    path = root / "inner" / f"images.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    source = Folder(DataPlace(path.parent, root / "cache"), path, size=4, channels=3, test=0.5)
    try:
        return Outcome.SURVIVED, source.facts().fingerprint
    except InputError:
        return Outcome.REFUSED, ""
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"


def _images() -> dict[str, bytes]:
    made = {}
    for number in range(8):
        buffer = io.BytesIO()
        pixels = draws("archives", 0).integers(0, 256, (4, 4, 3), dtype=np.uint8) + np.uint8(number)
        Image.fromarray(pixels).save(buffer, "PNG")
        made[f"{'ab'[number % 2]}/{number}.png"] = buffer.getvalue()
    return made


def _sound(kind: str, more: dict[str, bytes] | None = None, entry: zipfile.ZipInfo | None = None) -> bytes:
    """Images in an archive of that kind, with some members more."""
    files, buffer = _images() | (more or {}), io.BytesIO()
    if kind != "zip":
        return _tar(kind, [(tarfile.TarInfo(name), content) for name, content in files.items()])
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore", UserWarning)  # a name twice is what is asked for
        for name, content in files.items():
            archive.writestr(name, content)
        if entry is not None:
            archive.writestr(entry, b"a/0.png")
    return buffer.getvalue()


def _tar(kind: str, members: list[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in members:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return _PACKED.get(kind, bytes)(buffer.getvalue())


def _hostile() -> Iterator[tuple[str, str, bytes]]:
    """Label, kind and bytes of every archive that must be refused."""
    for kind in ("zip", "tar.gz"):
        for name in _OUTSIDE:
            yield f"member {name!r}", kind, _sound(kind, {name: b"x"})
        yield "a name twice", kind, _sound(kind, {"./a/0.png": b"x"})
        yield "a bomb", kind, _sound(kind, {"a/bomb.png": bytes(24 << 20)})
    images = [(tarfile.TarInfo(name), content) for name, content in _images().items()]
    for label, code in _LINKS.items():
        entry = tarfile.TarInfo("a/link.png")
        entry.type, entry.linkname = code, "../../../out.png"
        yield label, "tar.gz", _tar("tar.gz", [*images, (entry, b"")])
    for label, mode in (("symbolic link", stat.S_IFLNK), ("FIFO", stat.S_IFIFO), ("device", stat.S_IFBLK)):
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (mode | 0o777) << 16
        yield label, "zip", _sound("zip", entry=link)
    yield "a member without its key", "zip", _encrypted()
    yield "a header that asks for 4 GiB", "tar", _greedy_header()
    for kind in ("zip", "tar", *_PACKED):
        yield "no archive at all", kind, b"plain text, not an archive"
        yield "nothing", kind, b""


def _encrypted() -> bytes:
    content = bytearray(_sound("zip"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    return bytes(content)


def _greedy_header() -> bytes:
    entry = tarfile.TarInfo("././@PaxHeader")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 32
    return entry.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)


def _damaged(number: int, sound: dict[str, bytes]) -> tuple[str, str, bytes]:
    generator, kind = draws("archives", number), list(sound)[number % len(sound)]
    content = bytearray(sound[kind])
    place = int(generator.integers(len(content)))
    if generator.random() < 0.4:
        return f"cut to {place} bytes", kind, bytes(content[:place])
    content[place] ^= 1 << int(generator.integers(8))
    return f"a bit flipped in byte {place}", kind, bytes(content)
