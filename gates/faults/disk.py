"""A disk that can be made to fail: every operation that changes it is counted, and one may raise or kill."""

from __future__ import annotations

import io
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self
from unittest import mock

CHANGING = ("replace", "rename", "mkdir", "unlink", "rmdir")
Fault = Callable[[int, str], None]
"""Is told the number (from 1) and the name of each operation before it is done; raises, kills, or returns."""


class Disk:
    """While entered, `fault` stands before every open for writing, write, fsync, rename, mkdir, unlink and rmdir.

    A write is torn: half of its bytes are on the disk when `fault` is asked. Syncing is counted, not done: no power
    is cut here, and it takes long.
    """

    def __init__(self, fault: Fault = lambda number, name: None) -> None:
        self.fault, self.done = fault, 0
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        real_open, real_os_open = io.open, os.open

        def opened(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return real_open(file, mode, *args, **named)
            self.operation("open")
            return _Torn(real_open(file, mode, *args, **named), self)

        def os_opened(path: Any, flags: int, *args: Any, **named: Any) -> int:
            if flags & os.O_CREAT:
                self.operation("open")
            return real_os_open(path, flags, *args, **named)

        self._patches.enter_context(mock.patch.object(io, "open", opened))
        self._patches.enter_context(mock.patch.object(os, "open", os_opened))
        self._patches.enter_context(mock.patch.object(os, "fsync", self._counted("fsync", _no_sync)))
        for name in CHANGING:
            self._patches.enter_context(mock.patch.object(os, name, self._counted(name, getattr(os, name))))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._patches.close()

    def operation(self, name: str) -> None:
        """One more operation is about to be done."""
        self.done += 1
        self.fault(self.done, name)

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **named: Any) -> Any:
            self.operation(name)
            return real(*args, **named)

        return operation


def _no_sync(descriptor: int) -> None:
    """What is written is in the system's hands, and the system does not fail here."""


class _Torn:
    """A file open for writing that has half of each write on the disk before the fault can strike."""

    def __init__(self, file: Any, disk: Disk) -> None:
        self._file, self._disk = file, disk

    def write(self, content: Any) -> int:
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._disk.operation("write")
        self._file.write(content[half:])
        return len(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def killed_at(number: int, act: Callable[[], object]) -> str:
    """Do it in a child process that is killed (SIGKILL) before its operation of that number; "" when it got through.

    Returns the operation's name. Raises RuntimeError when the child failed by itself.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forking beside threads
        child = os.fork()
    if not child:
        _be_killed(number, act, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return said
    if os.WEXITSTATUS(status):
        raise RuntimeError(f"the child failed before it was killed: {said}")
    return ""


def _be_killed(number: int, act: Callable[[], object], writing: int) -> None:
    def kill(done: int, name: str) -> None:
        if done == number:
            os.write(writing, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with Disk(kill):
            act()
        os._exit(0)
    except BaseException as error:
        os.write(writing, repr(error).encode())
    finally:
        os._exit(1)
