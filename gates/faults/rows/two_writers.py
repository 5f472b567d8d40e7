"""Several processes fill one store, each killed at a random operation, with locks and without; and a late writer."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from unittest import mock

import numpy as np

from ceteris.store.records import Store
from ceteris.study.keys import sha256_of
from gates.faults.artefacts import THERE
from gates.faults.disk import Disk, killed_at
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome, draws

FAULT = "two processes, one study, also where locks do not reach; a stale writer"
PROMISE = "each trial has one whole record, the first, trained once where locks reach; a claim is let go by death"
SOURCE = "store"
PROCESSES, SHORT_PROCESSES, TRIALS = 8, 4, 12
STORES, SHORT_STORES = 25, 4
CROWDS, CROWD_TRIALS = 2, 200
"""In a full run: stores of so many trials, in which every process that dies is followed by another."""
SECONDS = 0.01
"""That a trial stands in for training, so that others come while it is claimed."""
OPERATIONS = 200
"""A process is killed before one of so many of its operations, or gets through."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Stores filled by processes that are killed, then a late writer killed at each of its operations."""
    numbers = count(1)
    processes = SHORT_PROCESSES if short else PROCESSES
    for locks in (True, False):
        for _ in range(SHORT_STORES if short else STORES):
            number = next(numbers)
            if only in (None, number):
                yield _fill(number, processes, locks)
    for _ in range(0 if short else CROWDS):
        number = next(numbers)
        if only in (None, number):
            yield _crowd(number)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record(THERE))
        with Disk() as disk:
            store.put(record(THERE, seed=1))
        for point in range(1, disk.done + 2):
            number = next(numbers)
            if only in (None, number):
                yield _late(number, point)


def _fill(number: int, processes: int, locks: bool) -> Injection:
    ends = draws("two_writers", number).integers(1, OPERATIONS, processes)
    label = f"{processes} processes, {TRIALS} trials, killed before operations {', '.join(map(str, ends))}"
    with tempfile.TemporaryDirectory() as folder, nullcontext() if locks else _locks_of_each_machine_alone():
        root = Path(folder)
        children = [_started(root, int(end), writer=writer) for writer, end in enumerate(ends)]
        for child in children:
            os.waitpid(child, 0)
        os.waitpid(_started(root, 0, writer=processes), 0)
        return _counted(
            number, label if locks else f"{label}, without locks", root, TRIALS, writers=processes + 1, locks=locks
        )


def _locks_of_each_machine_alone() -> AbstractContextManager[object]:
    """Everybody gets every lock, as if each process were on another machine of a file system that keeps them apart."""
    return mock.patch("ceteris.store.locks._lock", return_value=True)


def _crowd(number: int) -> Injection:
    """Processes that die are followed by others, until one of each line gets through."""
    generator = draws("two_writers", number)
    with tempfile.TemporaryDirectory() as folder:
        root, killed = Path(folder), 0
        children = {_started(root, int(generator.integers(1, 2000)), CROWD_TRIALS) for _ in range(PROCESSES)}
        while children:
            child, status = os.waitpid(-1, 0)
            children.discard(child)
            if os.WIFSIGNALED(status):
                killed += 1
                children.add(_started(root, int(generator.integers(1, 2000)), CROWD_TRIALS))
        return _counted(number, f"{PROCESSES} processes, {CROWD_TRIALS} trials, {killed} killed", root, CROWD_TRIALS)


def _counted(number: int, label: str, root: Path, trials: int, *, writers: int = 1, locks: bool = True) -> Injection:
    if stopped := [file.read_text() for file in root.glob("stopped-*")]:
        return Injection(number, label, Outcome.WRONG, f"a process stopped: {stopped[0]}")
    store, log = Store(root / "store"), root / "accepted"
    accepted = Counter(log.read_text().split() if log.exists() else [])
    missing = store.missing(_keys(trials))
    differs = [key for key in _keys(trials) if key not in missing and _broken(store, key, writers)]
    if missing or differs:
        return Injection(number, label, Outcome.LOST, f"{len(missing)} missing, {len(differs)} not as trained")
    if locks and (twice := [key for key, times in accepted.items() if times > 1]):
        return Injection(number, label, Outcome.WRONG, f"{len(twice)} trials trained twice")
    return Injection(number, label, Outcome.SURVIVED)


def _broken(store: Store, key: str, writers: int) -> bool:
    return bool(store.broken(key)) or found_record(store, key) not in _whole(key, writers)


def _whole(key: str, writers: int) -> list[str | None]:
    """What each of the writers would leave."""
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store(Path(folder) / str(writer)) for writer in range(writers)]
        for writer, store in enumerate(stores):
            store.put(record(key, seed=writer))
        return [found_record(store, key) for store in stores]


def _keys(trials: int) -> list[str]:
    return [sha256_of(trial) for trial in range(trials)]


def _started(root: Path, end: int, trials: int | None = None, writer: int = 0) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forking beside threads
        child = os.fork()
    if child:
        return child

    def kill(done: int, name: str) -> None:
        if done == end:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with Disk(kill):
            _work(Store(root / "store"), root / "accepted", TRIALS if trials is None else trials, writer)
    except BaseException as error:
        (root / f"stopped-{writer}").write_text(repr(error))
    finally:
        os._exit(0)


def _work(store: Store, log: Path, trials: int, writer: int) -> None:
    """Train what is missing, as every process of a study does; each writes other numbers, so that a mixture shows."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for key in _keys(trials):
        with store.claim(key):
            if not store.has(key):
                for step in (1, 2):
                    store.checkpoints(key).save(0, step, {}, {"weight": np.full(4, writer)})
                    time.sleep(SECONDS / 2)
                store.put(record(key, seed=writer))
                os.write(said, f"{key}\n".encode())


def _late(number: int, point: int) -> Injection:
    label = f"a late writer with other numbers, killed before operation {point}"
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record(THERE))
        before = found_record(store, THERE)
        killed_at(point, lambda: store.put(record(THERE, seed=1)))
        if said := store.broken(THERE):
            return Injection(number, label, Outcome.LOST, said)
        if found_record(store, THERE) != before:
            return Injection(number, label, Outcome.WRONG, "the accepted record was replaced")
    return Injection(number, label, Outcome.SURVIVED)
