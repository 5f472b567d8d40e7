"""What was decoded or measured once, kept on disk: whole or not at all, verified when opened, never the truth."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ceteris.study.keys import sha256_of

Arrays = dict[str, np.ndarray]
MANIFEST = "manifest.json"


def cached_arrays(cache_dir: Path, identity: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """Arrays by name, read-only and memory-mapped, made and kept when they are not there yet.

    They lie in `<cache_dir>/<sha256 of identity>/<name>.npy` beside a manifest with shape, type and sha256 of each.
    What does not match it is made again. Several processes may do this at once: the first to finish wins. Where
    nothing can be written, the arrays stay in memory.

    Args:
        cache_dir: made when missing.
        identity: everything that decides the arrays, as plain values.
        make: computes them.
    """
    folder = cache_dir / sha256_of(identity)
    kept = _open(folder)
    if kept is not None:
        return kept
    arrays = make()
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        _write(folder, arrays)
    except OSError:
        return arrays
    return _open(folder) or arrays


def remembered(cache_dir: Path, identity: Mapping[str, Any], compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A small result as JSON, computed once for an identity (names, sizes and times of files, say)."""
    file = cache_dir / f"{sha256_of(identity)}.json"
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(file.read_bytes())
        if isinstance(known, dict) and known.get("sha256") == sha256_of(known.get("result")):
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
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in manifest}
        whole = all(_described(arrays[name]) == said for name, said in manifest.items())
    except Exception:  # json and numpy, down to the tokenizer that reads a header: each has its own
        return None
    return arrays if whole else None


def _write(folder: Path, arrays: Arrays) -> None:
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        for name, array in arrays.items():
            with (temporary / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                os.fsync(file.fileno())
        with (temporary / MANIFEST).open("w") as file:
            json.dump({name: _described(array) for name, array in arrays.items()}, file)
            os.fsync(file.fileno())
        if folder.exists() and _open(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():  # another process was first
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _described(array: np.ndarray) -> dict[str, Any]:
    digest = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": digest}
