"""One byte of one file changed at a random place, as a failing disk does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ceteris.store.records import Store
from gates.faults.artefacts import ARTEFACTS, NEW, THERE, Scene, in_words, scene
from gates.faults.row import Injection, Outcome, draws

FAULT = "bit rot in the store"
PROMISE = "noticed when read, named and set aside by fsck; a cache is rebuilt, a checkpoint falls back by one"
SOURCE = "store"
PLACES, SHORT_PLACES = 50, 5
"""Random places in each file."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every file of every artefact but the report, which is made anew from records."""
    numbers = count(1)
    for artefact in ARTEFACTS:
        if artefact.name == "report":
            continue
        with scene(artefact) as made:
            files = sorted(file.relative_to(made.new) for file in made.new.rglob("*") if file.is_file())
            for file in files:
                for _ in range(SHORT_PLACES if short else PLACES):
                    number = next(numbers)
                    if only in (None, number):
                        with made.copy(made.new) as folder:
                            place = flip(folder / file, number)
                            label = f"{artefact.name}, byte {place} of {file.name}"
                            yield Injection(number, label, *_found(made, folder))


def flip(file: Path, number: int) -> int:
    """Change one byte of a file to another value; its place."""
    draw, content = draws("bit_rot", number), bytearray(file.read_bytes())
    place = int(draw.integers(len(content)))
    content[place] ^= int(draw.integers(1, 256))
    file.write_bytes(content)
    return place


def _found(made: Scene, folder: Path) -> tuple[Outcome, str]:
    artefact = made.artefact
    if said := in_words(lambda: artefact.read(folder)):
        if artefact.name in ("record", "findings"):
            return _set_aside(folder, said)
        return Outcome.REFUSED, said
    if not artefact.holds(artefact.read(folder), made.before, made.after):
        return Outcome.WRONG, "read as if nothing had happened"
    return Outcome.SURVIVED, ""


def _set_aside(folder: Path, said: str) -> tuple[Outcome, str]:
    store = Store(folder)
    broken = [key for key in (THERE, NEW) if store.has(key) and store.broken(key)]
    if len(broken) != 1:
        return Outcome.WRONG, f"fsck names {len(broken)} broken trials"
    store.set_aside(broken[0])
    if store.has(broken[0]) and store.broken(broken[0]):
        return Outcome.WRONG, "still there after it was set aside"
    return Outcome.REFUSED, said
