"""Checkpoints of an unfinished trial: one file each, named with its own hash, the one before kept until it is safe."""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ceteris.store.atomic import write_atomically
from ceteris.store.files import sha256

_NAME = re.compile(r"epoch-(\d{6})-step-(\d{9})-[0-9a-f]{64}\.safetensors")


class Checkpoints:
    """Save and load the state of one trial: arrays by name and plain values. Nothing is ever unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write the state after that many epochs and that many steps of the next.

        Then drop all but it and the one before. Raises OSError.
        """
        metadata = {"values": json.dumps(values)}
        content = save({name: np.asarray(array, order="C") for name, array in arrays.items()}, metadata)
        place = f"epoch-{epoch:06d}-step-{step:09d}-"
        written = self.folder / f"{place}{sha256(content)}.safetensors"
        try:
            self._write(written, content)
        except FileNotFoundError:  # a run that shares the trial without knowing has just finished it
            self._write(written, content)
        # One that claims as many steps or more was not resumed from: it is broken, and must not crowd out a good one.
        before = [file for file in self._files() if file.name < place]
        for old in {*self._files()} - {written, *before[:1]}:
            old.unlink(missing_ok=True)

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """The latest state whose bytes match their hash and can be read, or None."""
        return next((state for file in self._files() if (state := _state(file)) is not None), None)

    def broken(self) -> list[Path]:
        """Those whose bytes do not match their hash or cannot be read, latest first."""
        return [file for file in self._files() if _state(file) is None and file.exists()]

    @property
    def epoch(self) -> int:
        """Epochs done by the latest checkpoint, 0 without one; by its name, unverified."""
        files = self._files()
        match = _NAME.fullmatch(files[0].name) if files else None
        return int(match[1]) if match else 0

    def clear(self) -> None:
        """The trial is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, file: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)

    def _files(self) -> list[Path]:
        """Latest first."""
        try:
            return sorted((file for file in self.folder.iterdir() if _NAME.fullmatch(file.name)), reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            return []


def _state(file: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError, struct.error):
        content = file.read_bytes()
        if file.name.endswith(f"-{sha256(content)}.safetensors"):
            return _values(content), load(content)
    return None


def _values(content: bytes) -> dict[str, Any]:
    (length,) = struct.unpack("<Q", content[:8])
    values: dict[str, Any] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["values"])
    return values
