"""Guards of the product broken on purpose, and the row that must turn red: the gate checks itself."""

from __future__ import annotations

import contextlib
import math
import pickle
import types
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from gates.faults.row import KEPT, Injection, Row

Break = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Mutant:
    """One broken guard.

    Attributes:
        guard: what is broken, in words.
        row: the row that must see it.
        numbers: injections of a short run that are tried, until one is broken; none for the whole short run.
        ways: what breaks it.
    """

    guard: str
    row: str
    numbers: Sequence[int]
    ways: Sequence[Break]


def caught(mutant: Mutant, row: Row) -> Injection | None:
    """The first injection that breaks its promise while the guard is broken; None when the row stays green."""
    with ExitStack() as broken:
        for way in mutant.ways:
            broken.enter_context(way())
        tried = (one for only in (mutant.numbers or (None,)) for one in _injected(row, only))
        return next((one for one in tried if one.outcome not in KEPT), None)


def _injected(row: Row, only: int | None) -> Iterator[Injection]:
    yield from row.inject(short=True, only=only)


def _set(target: str, value: Any) -> Break:
    return lambda: mock.patch(target, value)


def _artefact(row: str, kind: str) -> Break:
    """The row attacks that kind of artefact alone."""

    @contextmanager
    def alone() -> Iterator[None]:
        from gates.faults import artefacts

        chosen = tuple(each for each in artefacts.ARTEFACTS if each.name == kind)
        with mock.patch(f"gates.faults.rows.{row}.ARTEFACTS", chosen):
            yield

    return alone


def _changed(target: str, change: Callable[[Any], Any]) -> Break:
    """What is there, changed by a function of it."""

    @contextmanager
    def replaced() -> Iterator[None]:
        module, _, name = target.rpartition(".")
        with mock.patch(target, change(getattr(__import__(module, fromlist=[name]), name))):
            yield

    return replaced


def _naive(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _backwards(real: Callable[..., dict[str, bytes]]) -> Callable[..., dict[str, bytes]]:
    return lambda key, findings: dict(reversed(real(key, findings).items()))


def _swallowed(folder: Path) -> AbstractContextManager[None]:
    return contextlib.suppress(OSError)


def _wordless(folder: Path) -> AbstractContextManager[None]:
    return contextlib.nullcontext()


def _overwriting(store: Any, record: Any, findings: object = ()) -> None:
    """File by file to where it is read, each atomically."""
    from ceteris.store.atomic import write_atomically
    from ceteris.store.files import pack

    folder = store.folder(record.key)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pack(record).items():
        write_atomically(folder / name, content)


def _first(store: Any, record: Any, findings: object = ()) -> None:
    """As that, by the first alone: what two who do not know of each other have mixed stays so."""
    if not store.has(record.key):
        _overwriting(store, record)


def _unzip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        yield from ((name, archive.read(name)) for name in archive.namelist())


class _Unhashed:
    @staticmethod
    def sha256(content: bytes) -> object:
        return types.SimpleNamespace(hexdigest=lambda: "0" * 64, update=lambda more: None)


def _careless_key(recipe: Mapping[str, Any], fingerprint: str, seed: int) -> str:
    from ceteris.study.keys import sha256_of

    return sha256_of({"recipe": recipe})


def _fresh(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda setup, state: real(setup, None)


def _unescaped(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda name, escaped: real(name, escaped=False)


_MANIFEST = "ceteris.lab.run"
MUTANTS = (
    Mutant("files are written in place", "kill-writing", (),
           (_artefact("kill_writing", "manifest"), _set(f"{_MANIFEST}.write_atomically", _naive))),
    Mutant("findings are stated before they are written", "kill-writing", (),
           (_artefact("kill_writing", "findings"), _changed("ceteris.store.records.pack_findings", _backwards))),
    Mutant("an error of the disk is swallowed", "disk-full", (),
           (_artefact("disk_full", "manifest"), _set(f"{_MANIFEST}.writing", _swallowed))),
    Mutant("an error of the disk has no words", "disk-full", (),
           (_artefact("disk_full", "manifest"), _set(f"{_MANIFEST}.writing", _wordless))),
    Mutant("an error of a real disk is swallowed", "real-disks", (1, 2, 3),
           (_artefact("real_disks", "manifest"), _set(f"{_MANIFEST}.writing", _swallowed))),
    Mutant("a plan has no hash", "bit-rot", (), (
        _artefact("bit_rot", "manifest"), _set(f"{_MANIFEST}.sha256_of", lambda value: "0" * 64),
        _set("gates.faults.rows.bit_rot.SHORT_PLACES", 40))),
    Mutant("nobody claims a trial", "two-writers", (1,), (
        _set("ceteris.store.records.Store.claim", lambda store, key: contextlib.nullcontext()),
        _set("gates.faults.rows.two_writers.OPERATIONS", 2000), _set("gates.faults.rows.two_writers.SECONDS", 0.2),
        _set("gates.faults.rows.two_writers.TRIALS", 3))),
    Mutant("a record appears file by file", "two-writers", range(5, 9), (
        _set("ceteris.store.records.Store.put", _first), _set("gates.faults.rows.two_writers.SECONDS", 0.0),
        _set("gates.faults.rows.two_writers.TRIALS", 100), _set("gates.faults.rows.two_writers.OPERATIONS", 10**6))),
    Mutant("a late record replaces the first", "two-writers", range(9, 84, 4),
           (_set("ceteris.store.records.Store.put", _overwriting),)),
    Mutant("batches are unpickled as they come", "pickles", (1,),
           (_set("ceteris.data.cifar.load_batch", lambda content, where: pickle.loads(content, encoding="bytes")),)),  # noqa: S301
    Mutant("the allow-list has a hole", "pickles", (1,),
           (_set("ceteris.data.batch_pickle._AllowList.find_class", pickle.Unpickler.find_class),)),
    Mutant("an archive is read without rules", "archives", (12,),
           (_set("ceteris.data.image_tree.read_archive", _unzip),)),
    Mutant("half images are decoded", "images", range(1, 40),
           (_set("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True),)),
    Mutant("image files are not hashed", "images", range(1, 40), (
        _set("ceteris.data.image_tree.hashlib", _Unhashed), _set("ceteris.data.decoding.hashlib", _Unhashed))),
    Mutant("any number of pixels is decoded", "bombs", (1,), (
        _set("ceteris.data.decode.MAX_PIXELS", 10**12), _set("PIL.Image.MAX_IMAGE_PIXELS", None))),
    Mutant("text of the page is not escaped", "markup", (1,),
           (_changed("ceteris.report.page._template", _unescaped),)),
    Mutant("a study file is read without its guard", "yaml-payloads", (16,),
           (_set("ceteris.study.reading._check_events", lambda text, name: None),)),
    Mutant("outputs that are not finite are scored", "diverged", (10,),
           (_set("ceteris.engine.train.status_of", lambda test: ("finished", "")),)),
    Mutant("the diverged are out of the denominator", "diverged", (1,),
           (_set("ceteris.stats.pair._losses", lambda arm: ""),)),
    Mutant("the optimizer forgets at a resume", "resume", (8,),
           (_set("ceteris.engine.progress._restore_optimizer", lambda *_: None),)),
    Mutant("a checkpoint is not gone on from", "resume", (8,), (_changed("ceteris.engine.train.resume", _fresh),)),
    Mutant("a checkpoint of another torch is continued", "changed", (3,),
           (_set("ceteris.lab.disk.changes", lambda before, now: ""),)),
    Mutant("one function of a user's file counts", "changed", (18, 19),
           (_changed("ceteris.registry._source", lambda real: __import__("inspect").getsource),)),
    Mutant("seed and data are not in the key", "changed", (16, 20),
           (_set("gates.faults.trials.trial_key", _careless_key),)),
    Mutant("a worker that died is not tried again", "workers", (1,),
           (_set("ceteris.lab.executors.processes.ATTEMPTS", 1),)),
    Mutant("a trial that failed twice is not recorded", "workers", (9,),
           (_set("ceteris.lab.executors.processes.put", lambda *_: None),)),
    Mutant("a parent that slept counts its sleep", "clocks", (18,),
           (_set("ceteris.lab.executors.watch.LONGEST_LOOK", math.inf),)),
    Mutant("SIGTERM is not heard", "whole-runs", (), (
        _set("ceteris.app.running.interrupts", lambda **_: contextlib.nullcontext()),
        _set("gates.faults.rows.whole_runs.WEIGHTS", (0, 0, 1, 0)))),
    Mutant("an interrupt does not say how to go on", "whole-runs", (), (
        _set("ceteris.app.running.INTERRUPTED", ""), _set("gates.faults.rows.whole_runs.WEIGHTS", (0, 1, 0, 0)))),
)  # fmt: skip
