"""Killed (SIGKILL) before every operation of every write, half of a write's bytes on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from gates.faults.artefacts import ARTEFACTS, Scene, in_words, scene
from gates.faults.disk import Disk, killed_at
from gates.faults.row import Injection, Outcome, draws

FAULT = "killed at any moment of writing"
PROMISE = "what was whole is whole and verified, a checkpoint of before or after loads, and the same command goes on"
SOURCE = "store"
AGAIN = 12
"""Times that a write which was killed is killed once more, at a random operation, while it is repeated."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every write point once; in full also with a second kill while the write is repeated."""
    numbers = count(1)
    for artefact in ARTEFACTS:
        with scene(artefact) as made:
            with made.copy(made.old) as folder, Disk() as disk:
                artefact.write(folder)
            for point in range(1, disk.done + 1):
                for again in range(1 if short else 1 + AGAIN):
                    number = next(numbers)
                    # A short run has other numbers: the second kills are left out.
                    second = int(draws("kill_writing", number).integers(1, disk.done + 1)) if again else 0
                    if only in (None, number):
                        yield _kill(made, number, point, second)


def _kill(made: Scene, number: int, point: int, second: int) -> Injection:
    with made.copy(made.old) as folder:
        at = killed_at(point, lambda: made.artefact.write(folder))
        label = f"{made.artefact.name}, killed before operation {point} ({at})"
        if second:
            label += f", again at {second}"
            killed_at(second, lambda: made.artefact.write(folder))
        return Injection(number, label, *_found(made, folder))


def _found(made: Scene, folder: Path) -> tuple[Outcome, str]:
    said = in_words(lambda: made.artefact.read(folder))
    if said:
        return Outcome.LOST, said
    if not made.artefact.holds(made.artefact.read(folder), made.before, made.after):
        return Outcome.WRONG, "neither the old nor the new is there"
    made.artefact.write(folder)
    if made.artefact.read(folder) != made.after:
        return Outcome.LOST, "writing again does not bring the new"
    return Outcome.SURVIVED, ""
