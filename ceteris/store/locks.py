"""Locks on files that the system itself lets go of when their holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK}
"""What a file system says that has no locks."""


@contextlib.contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a file that stands for nothing else, and remove it afterwards. Raises OSError.

    Whether it is held. With `wait`, another that holds it is waited for; the system lets go when that one dies.
    Without, nothing is held where the file is there already: who made it may be on a machine whose locks do not reach
    this one. On a file system without locks everybody who waits holds it.
    """
    held = _taken(file, wait)
    if held is None:
        yield False
        return
    with held:
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                file.unlink()


def has_locks(file: Path) -> bool:
    """Whether the file system has locks, tried with that file; whether they reach other machines, it does not say."""
    try:
        with file.open("wb") as held:
            _lock(held.fileno(), wait=False)
    except OSError as error:
        return error.errno not in NO_LOCKS
    return True


def _taken(file: Path, wait: bool) -> BinaryIO | None:
    while True:
        try:
            opened = file.open("wb" if wait else "xb")
        except FileExistsError:
            return None
        with contextlib.ExitStack() as held:
            held.enter_context(opened)
            if not _lock_if_any(opened.fileno(), wait):
                return None
            if _is_still_at(file, opened.fileno()):
                held.pop_all()
                return opened
        # who held it has removed it: whoever comes next locks another file


def _is_still_at(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _lock_if_any(descriptor: int, wait: bool) -> bool:
    try:
        return _lock(descriptor, wait)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return True
        raise


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what POSIX says, and Windows
        if wait:
            raise
        return False
    return True
