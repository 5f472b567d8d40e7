"""What was decoded or measured once, kept on disk: whole or not at all, verified when opened, never the truth."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ceteris.study.keys import sha256_of, sha256_of_json

Arrays = dict[str, np.ndarray]
MANIFEST, HASHED = "manifest.json", "hashed.json"


class Place(Protocol):
    """Where the rows of an array are put: an array, or a file."""

    def __setitem__(self, row: int, values: np.ndarray, /) -> None: ...


Space = Callable[[str, tuple[int, ...]], Place]


def cached_arrays(cache_dir: Path, identity: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """Arrays by name, read-only and memory-mapped, made and kept when they are not there yet; see `cached_rows`.

    Args:
        cache_dir: made when missing.
        identity: everything that decides the arrays, as plain values.
        make: computes them.
    """
    return cached_rows(cache_dir, identity, lambda space: make())


def cached_rows(cache_dir: Path, identity: Mapping[str, Any], make: Callable[[Space], Arrays]) -> Arrays:
    """Arrays by name, read-only and memory-mapped, made and kept when they are not there yet.

    They lie in `<cache_dir>/<sha256 of identity>/<name>.npy` beside a manifest with shape, type and sha256 of each.
    What does not match it is made again; a file is hashed again when its size, a time or its place on disk is not what
    it was when it was hashed last. Several processes may do this at once: the first to finish wins. Where nothing can
    be written, the arrays stay in memory.

    Args:
        cache_dir: made when missing.
        identity: everything that decides the arrays, as plain values.
        make: computes them. An array that may be larger than memory is filled row by row: `space(name, shape)` gives
            its place, uint8, for assignment of single rows; it belongs to the result without being returned.
    """
    folder = cache_dir / sha256_of(identity)
    kept = _open(folder)
    if kept is not None:
        return kept
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        made = _write(folder, make)
    except OSError:
        return _in_memory(make)
    return _open(folder) or made or _in_memory(make)


class Rows:
    """An array uint8 on disk, filled row by row without ever lying in this process's memory."""

    def __init__(self, file: Path, shape: tuple[int, ...]) -> None:
        """Take the space on disk. Raises OSError when there is too little."""
        self.row_bytes = math.prod(shape[1:])
        self._file = file.open("w+b", buffering=0)
        try:
            described = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(self._file, described)
            self._start = self._file.tell()
            size = self._start + shape[0] * self.row_bytes
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, size)
            self._file.truncate(size)
        except BaseException:
            self._file.close()
            raise

    def __setitem__(self, row: int, values: np.ndarray) -> None:
        self._file.seek(self._start + row * self.row_bytes)
        if self._file.write(values.tobytes()) != self.row_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Make it last."""
        with self._file:
            os.fsync(self._file.fileno())


def _in_memory(make: Callable[[Space], Arrays]) -> Arrays:
    spaces: Arrays = {}

    def space(name: str, shape: tuple[int, ...]) -> np.ndarray:
        return spaces.setdefault(name, np.zeros(shape, np.uint8))

    return make(space) | spaces


def remembered(cache_dir: Path, identity: Mapping[str, Any], compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A small result as JSON, computed once for an identity (names, sizes and times of files, say)."""
    file = cache_dir / f"{sha256_of(identity)}.json"
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(file.read_bytes())
        if isinstance(known, dict) and known.get("sha256") == sha256_of_json(known.get("result")):
            result: dict[str, Any] = known["result"]
            return result
    result = compute()
    with contextlib.suppress(OSError):
        cache_dir.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=cache_dir, suffix=".tmp")
        with os.fdopen(descriptor, "w") as out:
            json.dump({"result": result, "sha256": sha256_of(result)}, out)
            os.fsync(out.fileno())
        Path(temporary).replace(file)
    return result


def _open(folder: Path) -> Arrays | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        files = {name: folder / f"{name}.npy" for name in manifest}
        arrays = {name: np.load(file, mmap_mode="r", allow_pickle=False) for name, file in files.items()}
        before = _hashed_before(folder)
        hashed = {name: _hashed(file, arrays[name], before.get(name)) for name, file in files.items()}
        for name, said in manifest.items():
            if _described(arrays[name], hashed[name][-1]) != said or not arrays[name].flags.c_contiguous:
                return None
        if hashed != before:
            _note_hashed(folder, hashed)
    except Exception:  # json and numpy, down to the tokenizer that reads a header: each has its own
        return None
    return arrays


def _write(folder: Path, make: Callable[[Space], Arrays]) -> Arrays:
    """Make the arrays in a folder beside, which then takes the name. Those that need no space on disk are returned."""
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    spaces: dict[str, Rows] = {}

    def space(name: str, shape: tuple[int, ...]) -> Rows:
        spaces[name] = Rows(temporary / f"{name}.npy", shape)
        return spaces[name]

    arrays: Arrays = {}
    try:
        try:
            arrays = make(space)
        finally:
            for rows in spaces.values():
                rows.close()
        for name, array in arrays.items():
            with (temporary / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                os.fsync(file.fileno())
        _seal(temporary, [*spaces, *arrays])
        if folder.exists() and _open(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir() and (spaces or not arrays):  # else another process was first
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return {} if spaces else arrays


def _seal(folder: Path, names: Sequence[str]) -> None:
    """Write the manifest, and as hashed what it says."""
    files = {name: folder / f"{name}.npy" for name in names}
    for file in files.values():
        now = time.time_ns()
        os.utime(file, ns=(now, now))  # a time to the nanosecond: no later writing leaves the same
    arrays = {name: np.load(file, mmap_mode="r", allow_pickle=False) for name, file in files.items()}
    hashed = {name: _hashed(file, arrays[name], None) for name, file in files.items()}
    _note_hashed(folder, hashed)
    said = {name: _described(array, hashed[name][-1]) for name, array in arrays.items()}
    with (folder / MANIFEST).open("w") as out:
        json.dump(said, out)
        os.fsync(out.fileno())


def _hashed_before(folder: Path) -> dict[str, Any]:
    """Name -> what `_hashed` said of it last."""
    try:
        known = json.loads((folder / HASHED).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _note_hashed(folder: Path, hashed: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):  # a cache that can only be read is hashed every time
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(descriptor, "w") as out:
            json.dump(hashed, out)
        Path(temporary).replace(folder / HASHED)


def _hashed(file: Path, array: np.ndarray, before: Any) -> list[Any]:
    """Size, times and place of a file, and the sha256 of the array's bytes in it; not read again while those stay.

    Writing changes a time, and so does copying.
    """
    found = file.stat()
    stamp = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    if isinstance(before, list) and before[:-1] == stamp:
        return before
    with file.open("rb") as content:
        content.seek(-array.nbytes, os.SEEK_END)
        return [*stamp, hashlib.file_digest(content, "sha256").hexdigest()]


def _described(array: np.ndarray, digest: str) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": digest}
