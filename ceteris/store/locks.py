"""Locks on files that the system itself lets go of when their holder dies."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the file's lock; the system lets go when this process dies. Raises OSError.

    Whether it is held: where another has it, `wait` waits for it, and without nothing is held.
    """
    with file.open("wb") as held:
        yield _lock(held.fileno(), wait)


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
