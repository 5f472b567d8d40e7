"""A disk that refuses the N-th operation of a write, for every N, once or from then on."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path

from gates.faults.artefacts import ARTEFACTS, Scene, in_words, scene
from gates.faults.disk import Disk, Fault
from gates.faults.row import Injection, Outcome

FAULT = "disk full, I/O error, no permission"
PROMISE = "stops with an error in words (a cache goes without), keeps the last good, goes on after freeing"
SOURCE = "store"
CODES = (errno.ENOSPC, errno.EIO, errno.EACCES)
FREEING = ("unlink", "rmdir")
"""What a full disk does not refuse."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every operation x error x {once, forever}; a short run has the full disk alone."""
    numbers = count(1)
    for artefact in ARTEFACTS:
        with scene(artefact) as made:
            names: list[str] = []
            with made.copy(made.old) as folder, Disk(_listing(names)):
                artefact.write(folder)
            points = range(1, len(names) + 1)
            for point, code, forever in product(points, CODES[: 1 if short else None], (False, True)):
                if code == errno.ENOSPC and names[point - 1] in FREEING:
                    continue
                number = next(numbers)
                if only in (None, number):
                    often = "forever" if forever else "once"
                    label = f"{artefact.name}, {errno.errorcode[code]} at operation {point}, {often}"
                    with made.copy(made.old) as folder:
                        yield Injection(number, label, *_refuse(made, folder, refusing(point, code, forever)))


def _listing(names: list[str]) -> Fault:
    return lambda number, name: names.append(name)


def refusing(point: int, code: int, forever: bool) -> Fault:
    """A fault that raises OSError at that operation, or at it and all after it."""

    def fault(number: int, name: str) -> None:
        struck = number >= point if forever else number == point
        if struck and not (code == errno.ENOSPC and name in FREEING):
            raise OSError(code, os.strerror(code))

    return fault


def _refuse(made: Scene, folder: Path, fault: Fault) -> tuple[Outcome, str]:
    artefact = made.artefact
    try:
        with Disk(fault):
            said = in_words(lambda: artefact.write(folder))
    except OSError as error:
        return Outcome.WRONG, f"not in words: {error!r}"
    if broken := in_words(lambda: artefact.read(folder)):
        return Outcome.LOST, broken
    found = artefact.read(folder)
    if not artefact.holds(found, made.before, made.after):
        return Outcome.WRONG, "neither the old nor the new is there"
    if not said and not artefact.rebuilt and found != made.after:
        return Outcome.WRONG, "the error was swallowed"
    artefact.write(folder)
    if artefact.read(folder) != made.after:
        return Outcome.LOST, "writing again does not bring the new"
    return (Outcome.REFUSED if said else Outcome.SURVIVED), said
