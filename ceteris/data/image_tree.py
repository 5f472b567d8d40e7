"""Image files in folders, on disk or inside an archive: their names, contents and digests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceteris.data.archive import is_archive, read_archive
from ceteris.data.cache import remembered
from ceteris.data.conversions import kind_of
from ceteris.data.decode import SUFFIXES
from ceteris.data.source import Progress
from ceteris.errors import InputError, Problem

LISTING = 2
"""Raised whenever a listing says something else of the same files."""


@dataclass(frozen=True)
class Listing:
    """What lies in a tree.

    Attributes:
        images: relative path -> sha256 of the content.
        others: visible files that are no images by their name.
        converted: relative path -> one of `CONVERSIONS`, of images that are not plain.
    """

    images: dict[str, str]
    others: list[str]
    converted: dict[str, str]


@dataclass(frozen=True)
class ImageTree:
    """A folder or an archive of images. Hidden files and `__MACOSX` are passed over.

    Raises InputError from every method when there is nothing at `path`, or it cannot be read.
    """

    path: Path

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every visible image file's relative path and content, in no particular order.

        Use nothing from an archive before the iteration has ended once: only then is it known to be safe.
        """
        yield from self.contents(_is_image)

    def contents(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """As `files`, of every visible file whose relative path is wanted."""
        for name, content in self._all(wanted):
            if wanted(name):
                yield name, content

    def listing(self, cache_dir: Path, progress: Progress) -> Listing:
        """Names and digests; files are read again only when a size or time changed."""
        result = remembered(
            cache_dir, {"listing": self.stamps(), "version": LISTING}, lambda: self._read_listing(progress)
        )
        return Listing(**result)

    def _read_listing(self, progress: Progress) -> dict[str, Any]:
        images: dict[str, str] = {}
        others, converted = [], {}
        for name, content in self._all(_is_image):
            if _is_image(name):
                images[name] = hashlib.sha256(content).hexdigest()
                if kind := kind_of(content):
                    converted[name] = kind
            else:
                others.append(name)
            if len(images) % 100 == 0:
                progress(f"reading {self.path.name}", len(images), 0)
        return {"images": images, "others": sorted(others), "converted": dict(sorted(converted.items()))}

    def _all(self, read: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        if self._archived():
            for name, content in read_archive(self.path):
                if _is_visible(name):
                    yield name, content
            return
        for name, file, _ in self._on_disk():
            try:
                yield name, Path(file).read_bytes() if read(name) else b""
            except OSError as error:
                raise InputError(Problem(f"cannot be read: {error.strerror}", file)) from None

    def stamps(self) -> str:
        """sha256 of path, size and time of everything in it: unchanged while the tree is."""
        path = str(self.path.absolute())
        files = [("", path, self.path.stat())] if self._archived() else self._on_disk()
        said = hashlib.sha256(f"{path}\0".encode(errors="surrogateescape"))
        for name, _, found in files:
            said.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode(errors="surrogateescape"))
        return said.hexdigest()

    def _on_disk(self) -> list[tuple[str, str, os.stat_result]]:
        """Relative path, path and status of every visible file. Text, as a Path each costs more than the system."""
        found, root = [], str(self.path)
        for folder, _, names in os.walk(root):
            inside = folder[len(root) :].replace(os.sep, "/").strip("/")
            if inside and not _is_visible(inside):
                continue
            for name in names:
                if not _is_visible(name):
                    continue
                file = f"{folder}{os.sep}{name}"
                with contextlib.suppress(FileNotFoundError):  # a link to nothing
                    status = os.stat(file)  # noqa: PTH116
                    if stat.S_ISREG(status.st_mode):
                        found.append((f"{inside}/{name}" if inside else name, file, status))
        return sorted(found)

    def _archived(self) -> bool:
        if self.path.is_dir():
            return False
        if not self.path.is_file():
            raise InputError(Problem("there is no such folder or archive", str(self.path), "check the option `path`"))
        if not is_archive(self.path):
            raise InputError(Problem("is neither a folder nor a zip or tar archive", str(self.path)))
        return True


def _is_visible(name: str) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)
