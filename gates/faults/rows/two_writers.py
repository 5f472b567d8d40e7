"""Several processes fill one store, each killed at a random operation; and a writer comes after the accepted one."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ceteris.store.records import Store
from ceteris.study.keys import sha256_of
from gates.faults.artefacts import THERE
from gates.faults.disk import Disk, killed_at
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome, draws

FAULT = "two processes, one study; a stale writer"
PROMISE = "each trial has exactly one accepted record, the first; a claim is let go by death; a late record is dropped"
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
    for _ in range(SHORT_STORES if short else STORES):
        number = next(numbers)
        if only in (None, number):
            yield _fill(number, processes)
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


def _fill(number: int, processes: int) -> Injection:
    ends = draws("two_writers", number).integers(1, OPERATIONS, processes)
    label = f"{processes} processes, {TRIALS} trials, killed before operations {', '.join(map(str, ends))}"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        children = [_started(root, int(end)) for end in ends]
        for child in children:
            os.waitpid(child, 0)
        os.waitpid(_started(root, 0), 0)
        return _counted(number, label, root, TRIALS)


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


def _counted(number: int, label: str, root: Path, trials: int) -> Injection:
    store, log = Store(root / "store"), root / "accepted"
    accepted = Counter(log.read_text().split() if log.exists() else [])
    missing = store.missing(_keys(trials))
    differs = [key for key in _keys(trials) if key not in missing and _broken(store, key)]
    if missing or differs:
        return Injection(number, label, Outcome.LOST, f"{len(missing)} missing, {len(differs)} not as trained")
    if twice := [key for key, times in accepted.items() if times > 1]:
        return Injection(number, label, Outcome.WRONG, f"{len(twice)} trials trained twice")
    return Injection(number, label, Outcome.SURVIVED)


def _broken(store: Store, key: str) -> bool:
    return bool(store.broken(key)) or found_record(store, key) != _whole(key)


def _whole(key: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record(key))
        return found_record(store, key)


def _keys(trials: int) -> list[str]:
    return [sha256_of(trial) for trial in range(trials)]


def _started(root: Path, end: int, trials: int | None = None) -> int:
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
            _work(Store(root / "store"), root / "accepted", TRIALS if trials is None else trials)
    finally:
        os._exit(0)


def _work(store: Store, log: Path, trials: int) -> None:
    """Train what is missing, as every process of a study does."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for key in _keys(trials):
        with store.claim(key):
            if not store.has(key):
                time.sleep(SECONDS)
                store.put(record(key))
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
