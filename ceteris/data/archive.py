"""Reading zip and tar archives that may be hostile: regular files inside the root, capped, never unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ceteris.errors import InputError, Problem

_OPENERS: dict[str, Any] = {
    ".tar": open, ".tar.gz": gzip.open, ".tgz": gzip.open, ".tar.xz": lzma.open, ".txz": lzma.open,
    ".tar.bz2": bz2.open, ".tbz2": bz2.open,
}  # fmt: skip
SUFFIXES = (".zip", *_OPENERS)
_DAMAGED = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,
)


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    Attributes:
        member_bytes: one file, unpacked.
        total_bytes: all of it, unpacked.
        members: number of entries.
        ratio: unpacked to packed size; small archives (under 16 MiB unpacked) may be above it.
    """

    member_bytes: int = 1 << 30
    total_bytes: int = 1 << 36
    members: int = 5_000_000
    ratio: int = 200


_SMALL = 16 << 20
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods of which `zipfile` unpacks no more at a time than it is asked for."""


def is_archive(path: Path) -> bool:
    """Whether the name ends like an archive that can be read."""
    return path.name.lower().endswith(SUFFIXES)


def read_archive(path: Path, limits: Limits | None = None) -> Iterator[tuple[str, bytes]]:
    """Every regular file's name (with `/`, without `./`) and content, in archive order.

    An archive with anything else in it but folders, a name outside its root, a name twice, or a size beyond the limits
    is refused whole, by InputError with the member's name; so is a damaged one. Offences may come to light at the end:
    use nothing before the iteration has ended.
    """
    guard = _Guard(path, limits or Limits())
    try:
        yield from _read_zip(path, guard) if path.name.lower().endswith(".zip") else _read_tar(path, guard)
    except _DAMAGED as error:
        what = f"the archive is damaged or not what its name says: {error}"
        raise InputError(Problem(what, str(path), "fetch it again")) from None


class _Guard:
    """The rules, and what was counted so far."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.packed = path.stat().st_size if path.is_file() else 0
        self.total, self.names = 0, set[str]()

    def refuse(self, what: str) -> InputError:
        return InputError(Problem(f"the archive is refused: {what}", str(self.path), "nothing of it was used"))

    def name(self, given: str) -> str:
        """The member's name as a plain relative path."""
        pure = PurePosixPath(given)
        outside = pure.is_absolute() or ".." in pure.parts or re.match(r"[A-Za-z]:", given)
        if outside or "\\" in given or "\0" in given:
            raise self.refuse(f"member {given!r} lies outside it")
        if len(self.names) >= self.limits.members:
            raise self.refuse(f"more than {self.limits.members} members")
        if str(pure) in self.names:
            raise self.refuse(f"member {given!r} is there twice")
        self.names.add(str(pure))
        return str(pure)

    def size(self, name: str, size: int) -> None:
        """Count a member's unpacked size before it is read."""
        if size > self.limits.member_bytes:
            raise self.refuse(f"member {name!r} has {size} bytes, more than {self.limits.member_bytes}")
        self.total += size
        self.position(self.total, name)

    def position(self, total: int, name: str) -> None:
        """Check how much was unpacked in all."""
        if total > self.limits.total_bytes:
            raise self.refuse(f"with member {name!r} it unpacks to more than {self.limits.total_bytes} bytes")
        if total > max(_SMALL, self.packed * self.limits.ratio):
            raise self.refuse(f"with member {name!r} it unpacks to more than {self.limits.ratio} times its size")


def _read_zip(path: Path, guard: _Guard) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        for entry in entries:
            guard.name(entry.orig_filename)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise guard.refuse(f"member {entry.filename!r} is a link or a device")
            if entry.flag_bits & 1:
                raise guard.refuse(f"member {entry.filename!r} is encrypted")
            if entry.compress_type not in _BOUNDED:
                raise guard.refuse(f"member {entry.filename!r} is packed by a method that zip files seldom use")
            guard.size(entry.filename, entry.file_size)
        for entry in entries:
            if not entry.is_dir():
                with archive.open(entry) as member:  # no more than it says: what it says was counted
                    yield str(PurePosixPath(entry.filename)), member.read(entry.file_size)


def _read_tar(path: Path, guard: _Guard) -> Iterator[tuple[str, bytes]]:
    suffix = next(end for end in _OPENERS if path.name.lower().endswith(end))
    with closing(_OPENERS[suffix](path, "rb")) as stream:
        capped = _Capped(stream, guard)
        with tarfile.open(fileobj=cast("IO[bytes]", capped), mode="r:") as archive:
            for entry in archive:
                name = guard.name(entry.name)
                if entry.isdir():
                    continue
                if not entry.isreg() or entry.issparse():
                    raise guard.refuse(f"member {entry.name!r} is a link or a device")
                guard.size(entry.name, entry.size)
                content = archive.extractfile(entry)
                if content is not None:
                    yield name, content.read()
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep every header
        while capped.read(1 << 20):
            """To the end: only there do gzip and xz compare their checksums."""


class _Capped:
    """What tarfile reads from: no single read, and no position, beyond the limits (headers are not trusted either)."""

    def __init__(self, stream: IO[bytes], guard: _Guard) -> None:
        self.stream, self.guard = stream, guard
        self.tell = stream.tell
        self.close = stream.close

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.guard.limits.member_bytes:
            raise self.guard.refuse(f"a header asks for {size} bytes")
        content = self.stream.read(size)
        self.guard.position(self.stream.tell(), "(a header)")
        return content

    def seek(self, position: int, whence: int = 0) -> int:
        self.guard.position(position, "(a header)")
        return self.stream.seek(position, whence)
