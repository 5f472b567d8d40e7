"""Writing a file, or a folder of them, so that after any crash there is either the old one or the new one, whole."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file beside the target, fsync, rename, fsync of the folder. Raises OSError and leaves no debris."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder_atomically(folder: Path, files: Mapping[str, bytes], made_as: Path) -> None:
    """Files by their path in the folder: written under another name on the same file system, then renamed.

    Raises OSError and leaves no debris, also where something stands already: of two that make it one comes first, by
    the rules of rename and without any lock.
    """
    inside = sorted({made_as, *((made_as / name).parent for name in files)})
    try:
        for each in inside:
            each.mkdir()
        for name, content in files.items():
            _write_new(made_as / name, content)
        for each in inside:
            sync_folder(each)
        folder.parent.mkdir(parents=True, exist_ok=True)
        made_as.rename(folder)
    except BaseException:
        shutil.rmtree(made_as, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    sync_folder(folder.parent.parent)


def _write_new(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
