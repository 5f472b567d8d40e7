"""Unpickling CIFAR batches without running what a pickle asks for: an allow-list of four array constructors."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ceteris.errors import InputError, Problem

_NUMBERS = frozenset("biuf")
_ORDERS: dict[str | bytes, Literal["<", ">", "|"]] = {"<": "<", b"<": "<", ">": ">", b">": ">", "|": "|", b"|": "|"}
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
_NO_FIELDS = (None, None, None, -1, -1, 0)
"""Subarray, names, fields, size, alignment and flags of a plain number's dtype: size and alignment are the type's."""


def load_batch(content: bytes, where: str) -> dict[bytes, Any]:
    """The dict in a CIFAR batch file (written by Python 2 or 3, any protocol), its keys as bytes.

    Raises InputError, naming `where`, for a pickle that asks for anything but plain values and arrays of numbers, or
    that is damaged.
    """
    try:
        _check_memo(content)
        value = _AllowList(io.BytesIO(content), where).load()
    except InputError:
        raise
    except Exception as error:
        # A damaged pickle can raise nearly anything: its bytes are a program.
        what = f"not a readable batch: {type(error).__name__}: {error}"
        raise InputError(Problem(what, where, "fetch the data set again")) from None
    if not isinstance(value, dict):
        raise InputError(Problem(f"a batch is a dict, not a {type(value).__name__}", where))
    return {name.encode() if isinstance(name, str) else name: _restored(item) for name, item in value.items()}


def _check_memo(content: bytes) -> None:
    """Refuse places in the memo that no pickler of so few bytes reaches: Python makes room for all up to the last."""
    for opcode, place, _ in pickletools.genops(content):
        if opcode.name in _PUTS and isinstance(place, int) and place > len(content):
            raise pickle.UnpicklingError(f"it wants a memo of {place} places")


def _restored(item: Any) -> Any:
    return item.values if isinstance(item, _Array) else item


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


class _Allowed:
    """What a batch may name: it can be called, and no pickle can alter it for those that are read later."""

    __slots__ = ("_build",)
    _build: Callable[..., Any]

    def __init__(self, build: Callable[..., Any]) -> None:
        object.__setattr__(self, "_build", build)

    def __call__(self, *arguments: Any) -> Any:
        return self._build(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise pickle.UnpicklingError("it alters what it may only call")


class _Array:
    """Stands for an array until its state is known to fit: numpy itself trusts what it restores."""

    values = np.empty((0,), np.uint8)

    def __setstate__(self, state: Any) -> None:
        version, shape, kind, by_column, content = state
        if version != 1 or not isinstance(kind, _NumberType) or not isinstance(content, bytes | str):
            raise pickle.UnpicklingError("it restores an array in a way that no batch needs")
        buffer = content.encode("latin1") if isinstance(content, str) else content
        self.values = _array_from_buffer(buffer, kind, shape, "F" if by_column else "C")


class _NumberType:
    """Stands for a numpy.dtype of numbers; its state may say the byte order and nothing else."""

    def __init__(self, code: str | bytes, align: bool = False, copy: bool = True) -> None:
        self.kind = np.dtype(code.decode() if isinstance(code, bytes) else code)
        if self.kind.kind not in _NUMBERS:
            raise pickle.UnpicklingError(f"it holds an array of {self.kind}")

    def __setstate__(self, state: Any) -> None:
        version, order, *others = state
        if version != 3 or tuple(others) != _NO_FIELDS:
            raise pickle.UnpicklingError("it holds an array of more than numbers")
        self.kind = self.kind.newbyteorder(_ORDERS[order])


def _empty_array(kind: Any, shape: tuple[int, ...], typecode: bytes) -> _Array:
    """numpy's `_reconstruct`; shape, type and content follow as state."""
    if kind is not _ARRAY:
        raise pickle.UnpicklingError("it builds an array of an unknown class")
    return _Array()


def _array_from_buffer(buffer: bytes, kind: _NumberType, shape: tuple[int, ...], order: str) -> np.ndarray:
    """numpy's `_frombuffer`, which protocol 5 uses."""
    return np.frombuffer(buffer, kind.kind).reshape(shape, order="F" if order == "F" else "C")


def _bytes_of(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes from Python 3."""
    if encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"it holds bytes encoded as {encoding!r}")
    return text.encode("latin1")


def _call_of_array(*arguments: Any) -> None:
    raise pickle.UnpicklingError("it builds an array in a way that no batch needs")


_ARRAY = _Allowed(_call_of_array)
"""Stands for numpy.ndarray, which a batch names but must not call."""
_ALLOWED = {
    ("numpy", "ndarray"): _ARRAY,
    ("numpy", "dtype"): _Allowed(_NumberType),
    ("numpy._core.multiarray", "_reconstruct"): _Allowed(_empty_array),
    ("numpy._core.numeric", "_frombuffer"): _Allowed(_array_from_buffer),
    ("_codecs", "encode"): _Allowed(_bytes_of),
}
