"""What the product keeps on disk: each kind written and read back through the product, as the rows attack it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from ceteris.data.cache import cached_arrays, remembered
from ceteris.errors import InputError
from ceteris.lab.disk import KeptCheckpoints, put, put_findings
from ceteris.lab.facts import KnownFacts
from ceteris.lab.run import MANIFEST, read_manifest, write_manifest
from ceteris.report import page
from ceteris.store.files import sha256
from ceteris.store.findings import pack_findings
from ceteris.store.records import Store
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan
from gates.faults.records import DATA, RECIPE, found_record, record
from gates.looks import Cell, plan_of

THERE, NEW = "ab" * 32, "ac" * 32
PROBES = ({"name": "filters", "version": "1"}, {"name": "latency", "version": "1", "images": 8})

State = Mapping[str, object]


@dataclass(frozen=True)
class Artefact:
    """One kind of thing on disk.

    Attributes:
        name: of the kind.
        prepare: writes what is there before, into an empty folder.
        write: writes the new beside or over it; what a running study does.
        read: item -> what a fresh process finds; raises InputError where it finds something broken.
        rebuilt: it is a cache: what is not there is None, and costs time but no result.
    """

    name: str
    prepare: Callable[[Path], object]
    write: Callable[[Path], object]
    read: Callable[[Path], State]
    rebuilt: bool = False

    def holds(self, found: State, *states: State) -> bool:
        """Whether every item is as it is in one of the states; a cache may have lost it."""
        items = {*found, *(item for state in states for item in state)}
        lost = [None] if self.rebuilt else []
        return all(found.get(item) in [*lost, *(state.get(item) for state in states)] for item in items)


def found_findings(store: Store, key: str) -> dict[str, object]:
    """The same of each probe's findings."""
    found = store.findings(key, PROBES)
    return {str(each.probe["name"]): sha256(b"".join(pack_findings(key, each).values())) for each in found}


def _checkpoint(folder: Path) -> str | None:
    state = Store(folder).checkpoints(NEW).load()
    return state and sha256(repr((state[0], {name: array.tolist() for name, array in state[1].items()})).encode())


def _save(folder: Path, *epochs: int) -> None:
    kept = KeptCheckpoints(Store(folder).checkpoints(NEW), {"torch": "2.13.0"})
    for epoch in epochs:
        kept.save(epoch, 0, {"epoch": epoch}, {"weight": np.full((4, 4), epoch, np.float32)})


def _finished(folder: Path) -> None:
    put(Store(folder), record(THERE))


def _records(folder: Path) -> State:
    """A trial that is not finished stands by its checkpoint."""
    store = Store(folder)
    return {key: found_record(store, key) or (key == NEW and _checkpoint(folder)) for key in (THERE, NEW)}


def _before_record(folder: Path) -> None:
    _finished(folder)
    _save(folder, 1, 2)


def _find(folder: Path, which: int) -> None:
    findings = Findings(PROBES[which], {"found": np.arange(9.0) + which}, {"mean": 0.5 + which}, seconds=1.0)
    put_findings(Store(folder), THERE, findings)


def _before_findings(folder: Path) -> None:
    _finished(folder)
    _find(folder, 0)


def _facts(folder: Path) -> State:
    known = KnownFacts(folder)
    return {"facts": repr(known.of(RECIPE, DATA)), "speeds": known.speeds(RECIPE, DATA)}


def _plan(arms: int) -> Plan:
    return plan_of(Cell("made-up", (0.0,) * arms))


def _rendered(version: int) -> dict[str, bytes]:
    """The files of a report, small: how they come about is not what is attacked."""
    return {name: f"{name} {version}".encode() * 50 for name in ("figures/strip.svg", "results.csv", "report.html")}


def _report(folder: Path, version: int) -> None:
    with mock.patch.object(page, "contents", return_value=_rendered(version)):
        page.write_report(_plan(1), {}, folder)


def _decoded(folder: Path) -> State:
    made = cached_arrays(folder, {"data": "shapes"}, lambda: {"images": np.arange(64, dtype=np.uint8)})
    listed = remembered(folder, {"files": 3}, lambda: {"fingerprint": "f" * 64})
    return {"images": made["images"].tobytes(), "listed": listed["fingerprint"]}


def _nothing(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _found(folder: Path) -> State:
    return {"record": found_record(Store(folder), THERE)} | found_findings(Store(folder), THERE)


ARTEFACTS = (
    Artefact("record", _before_record, lambda at: put(Store(at), record(NEW)), _records),
    Artefact("findings", _before_findings, lambda at: _find(at, 1), _found),
    Artefact("first checkpoint", _nothing, lambda at: _save(at, 1), lambda at: {"state": _checkpoint(at)}),
    Artefact("checkpoint", lambda at: _save(at, 1, 2), lambda at: _save(at, 3), lambda at: {"state": _checkpoint(at)}),
    Artefact(
        "manifest",
        lambda at: write_manifest(_plan(1), at),
        lambda at: write_manifest(_plan(2), at),
        lambda at: {"plan": read_manifest(at / MANIFEST).to_json()},
    ),
    Artefact(
        "report",
        lambda at: _report(at, 1),
        lambda at: _report(at, 2),
        lambda at: {name: (at / name).read_bytes() for name in _rendered(1)},
    ),
    Artefact("model facts", _facts, lambda at: KnownFacts(at).learn(record(NEW)), _facts, rebuilt=True),
    Artefact("decode cache", _nothing, _decoded, _decoded, rebuilt=True),
)


@dataclass(frozen=True)
class Scene:
    """An artefact before and after its write, each in a folder that is copied for every injection."""

    artefact: Artefact
    old: Path
    new: Path
    before: State
    after: State

    @contextmanager
    def copy(self, of: Path) -> Iterator[Path]:
        """A folder like that one, gone afterwards."""
        with tempfile.TemporaryDirectory() as place:
            yield Path(shutil.copytree(of, Path(place) / "store"))


@contextmanager
def scene(artefact: Artefact) -> Iterator[Scene]:
    """Write the artefact's old and new state without any fault."""
    with tempfile.TemporaryDirectory() as place:
        old, new = Path(place) / "old", Path(place) / "new"
        for folder in (old, new):
            artefact.prepare(folder)
        artefact.write(new)
        reading = Path(shutil.copytree(old, Path(place) / "read"))
        yield Scene(artefact, old, new, artefact.read(reading), artefact.read(new))


def in_words(act: Callable[[], object]) -> str:
    """The error that the product says in words, "" when it succeeds; any other error is not caught."""
    try:
        act()
    except InputError as error:
        return str(error)
    return ""
