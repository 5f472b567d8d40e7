"""Unpickling CIFAR batches without running what a pickle asks for: an allow-list of four array constructors."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from ceteris.errors import InputError, Problem

_NUMBERS = frozenset("biuf")


def load_batch(content: bytes, where: str) -> dict[bytes, Any]:
    """The dict in a CIFAR batch file (written by Python 2 or 3, any protocol), its keys as bytes.

    Raises InputError, naming `where`, for a pickle that asks for anything but plain values and arrays of numbers, or
    that is damaged.
    """
    try:
        value = _AllowList(io.BytesIO(content), where).load()
    except InputError:
        raise
    except Exception as error:
        # A damaged pickle can raise nearly anything: its bytes are a program.
        what = f"not a readable batch: {type(error).__name__}: {error}"
        raise InputError(Problem(what, where, "fetch the data set again")) from None
    if not isinstance(value, dict):
        raise InputError(Problem(f"a batch is a dict, not a {type(value).__name__}", where))
    return {name.encode() if isinstance(name, str) else name: item for name, item in value.items()}


class _AllowList(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, where: str) -> None:
        super().__init__(file, encoding="bytes")
        self._where = where

    def find_class(self, module: str, name: str) -> Any:
        allowed = _ALLOWED.get((module.replace("numpy.core.", "numpy._core."), name))
        if allowed is None:
            what = f"refused: the pickle asks for {module}.{name}, which no CIFAR batch needs"
            raise InputError(Problem(what, self._where, "do not use this file; fetch the official data set"))
        return allowed

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to objects outside the file")


class _ArrayClass:
    """Stands for numpy.ndarray, which a batch names but must not call."""

    def __init__(self) -> None:
        raise pickle.UnpicklingError("it builds an array in a way that no batch needs")


def _empty_array(kind: type, shape: tuple[int, ...], typecode: bytes) -> np.ndarray:
    """numpy's `_reconstruct`; shape, type and content follow as state."""
    if kind is not _ArrayClass:
        raise pickle.UnpicklingError("it builds an array of an unknown class")
    return np.ndarray((0,), np.uint8)


def _array_from_buffer(buffer: bytes, kind: np.dtype[Any], shape: tuple[int, ...], order: str) -> np.ndarray:
    """numpy's `_frombuffer`, which protocol 5 uses."""
    return np.frombuffer(buffer, kind).reshape(shape, order="F" if order == "F" else "C")


def _number_type(code: str | bytes, align: bool = False, copy: bool = True) -> np.dtype[Any]:
    kind = np.dtype(code.decode() if isinstance(code, bytes) else code)
    if kind.kind not in _NUMBERS:
        raise pickle.UnpicklingError(f"it holds an array of {kind}")
    return np.dtype(kind, False, True)


def _bytes_of(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes from Python 3."""
    if encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"it holds bytes encoded as {encoding!r}")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., Any] | type] = {
    ("numpy", "ndarray"): _ArrayClass,
    ("numpy", "dtype"): _number_type,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.numeric", "_frombuffer"): _array_from_buffer,
    ("_codecs", "encode"): _bytes_of,
}
