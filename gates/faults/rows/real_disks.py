"""Disks that really refuse: a file system of some kilobytes, a limit on files, one that is read-only, /dev/full."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from ceteris.store.records import Store
from gates.faults.artefacts import ARTEFACTS, THERE, Scene, in_words, scene
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome
from gates.faults.trials import forked

FAULT = "a full file system, a limit on the size of files, a read-only store, output on /dev/full"
PROMISE = "an error in words, what was finished stays; with space again, the same is done whole"
SOURCE = "store"

LIMITS = (0, 100, 500, 2000, 6000)
"""Bytes that a file may have."""
PAGES = (1, 2, 3, 5, 8)
"""Pages of 4 KiB that the small file system has left."""
NOBODY = 65534
COMMANDS = (["studies"], ["parts"], ["studies", "--json"], ["--help"], ["plan", "quickstart"])


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every artefact under each limit; on each small file system and on a read-only one where this user may mount."""
    numbers = count(1)
    for label, act in _cases(short):
        number = next(numbers)
        if only in (None, number):
            yield Injection(number, label, *act())


Case = tuple[str, Callable[[], tuple[Outcome, str]]]


def _cases(short: bool) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        may_mount = _can_mount(Path(folder))
    for artefact in ARTEFACTS:
        with scene(artefact) as made:
            for limit in LIMITS[1:2] if short else LIMITS:
                yield (
                    f"{artefact.name}, no file above {limit} bytes",
                    lambda made=made, limit=limit: _limited(made, limit),
                )
            for pages in (PAGES[:1] if short else PAGES) if may_mount else ():
                yield f"{artefact.name}, {pages} pages left", lambda made=made, pages=pages: _small(made, pages)
            if may_mount:
                yield f"{artefact.name}, read-only", lambda made=made: _read_only(made)
    for words in COMMANDS[:1] if short else COMMANDS:
        yield f"ceteris {' '.join(words)} > /dev/full", lambda words=words: _full_output(words)
    if os.geteuid() == 0:
        yield "a store of another user", _of_another_user


def _limited(made: Scene, limit: int) -> tuple[Outcome, str]:
    """In a process of its own, as a limit cannot be raised again by everybody."""

    def act() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return _written(made, folder)

    with made.copy(made.old) as folder:
        return _judged(made, folder, _in_child(act))


def _small(made: Scene, pages: int) -> tuple[Outcome, str]:
    with tempfile.TemporaryDirectory() as place, _mounted(Path(place), "size=64m") as root:
        folder = Path(shutil.copytree(made.old, root / "store"))
        used = (os.statvfs(root).f_blocks - os.statvfs(root).f_bfree) * os.statvfs(root).f_frsize
        _mount(root, f"remount,size={used + pages * 4096}")
        said = _in_child(lambda: _written(made, folder))
        _mount(root, "remount,size=64m")
        return _judged(made, folder, said)


def _read_only(made: Scene) -> tuple[Outcome, str]:
    with tempfile.TemporaryDirectory() as place, _mounted(Path(place), "size=64m") as root:
        folder = Path(shutil.copytree(made.old, root / "store"))
        _mount(root, "remount,ro")
        said = _in_child(lambda: _written(made, folder))
        if not said and not made.artefact.rebuilt:
            return Outcome.WRONG, "nothing was said"
        if broken := in_words(lambda: made.artefact.read(folder)):
            return Outcome.WRONG, f"what is there cannot be read: {broken}"
        _mount(root, "remount,rw")
        return _judged(made, folder, said)


def _written(made: Scene, folder: Path) -> str:
    try:
        return in_words(lambda: made.artefact.write(folder))
    except OSError as error:
        return f"not in words: {error!r}"


def _judged(made: Scene, folder: Path, said: str) -> tuple[Outcome, str]:
    artefact = made.artefact
    if said.startswith("not in words"):
        return Outcome.WRONG, said
    found = artefact.read(folder)
    if not artefact.holds(found, made.before, made.after):
        return Outcome.LOST, "neither the old nor the new is there"
    if not said and not artefact.rebuilt and found != made.after:
        return Outcome.WRONG, "the error was swallowed"
    artefact.write(folder)
    if artefact.read(folder) != made.after:
        return Outcome.LOST, "writing again does not bring the new"
    return (Outcome.REFUSED if said else Outcome.SURVIVED), ""


def _full_output(words: list[str]) -> tuple[Outcome, str]:
    with tempfile.TemporaryDirectory() as place, open("/dev/full", "w") as full:  # noqa: PTH123 - it is no file
        command = [sys.executable, "-m", "ceteris.app.cli", *words]
        there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CETERIS_CACHE": place}
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=place, env=there, check=False)  # noqa: S603
    if ran.returncode != 2 or "Traceback" in ran.stderr or "No space left" not in ran.stderr:
        return Outcome.WRONG, f"it ended with {ran.returncode}: {ran.stderr[-200:]}"
    return Outcome.REFUSED, ""


def _of_another_user() -> tuple[Outcome, str]:
    """Everything can be read, nothing written."""

    def act() -> str:
        os.setuid(NOBODY)
        if found_record(store, THERE) != before:
            return "not in words: it cannot be read"
        return in_words(store.prepare) and in_words(lambda: store.claim("ac" * 32).__enter__())

    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "store")
        store.put(record(THERE))
        before = found_record(store, THERE)
        for path in [Path(place), *Path(place).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        said = _in_child(act)
    return (Outcome.REFUSED, "") if "cannot be written" in said else (Outcome.WRONG, said or "nothing was said")


def _in_child(act: Callable[[], str]) -> str:
    """What it returns, said in a child process, through a pipe: there may be no disk to write it on."""
    reading, writing = os.pipe()

    def tell() -> None:
        try:
            said = act()
        except BaseException as error:
            said = f"not in words: {error!r}"
        os.write(writing, said.encode()[:4000])

    child = forked(tell)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    ended = os.waitpid(child, 0)[1]
    return f"not in words: its process ended with {ended}" if ended else said


@contextmanager
def _mounted(place: Path, options: str) -> Iterator[Path]:
    _mount(place, options)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S603, S607


def _mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True, stderr=subprocess.PIPE)  # noqa: S603, S607


def _can_mount(place: Path) -> bool:
    with suppress(OSError, subprocess.CalledProcessError), _mounted(place, "size=64k"):
        return os.geteuid() == 0
    return False
