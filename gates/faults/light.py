"""Trials without torch in real worker processes: they claim, tell, checkpoint and store, and meet their faults."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import numpy as np

from ceteris.data.source import DataPlace
from ceteris.lab.disk import KeptCheckpoints, put
from ceteris.lab.events import Ended, EpochDone, Started, Stepped, Tell
from ceteris.lab.executors import processes, watch, worker
from ceteris.lab.interrupts import finishing, stop_if_asked
from ceteris.lab.job import Job
from ceteris.store.records import Store
from ceteris.study.keys import sha256_of
from ceteris.study.record import Epoch
from gates.faults.records import DATA, RECIPE, record

EPOCHS, STEPS = 3, 4
POINTS = EPOCHS * (STEPS + 1) + 1
"""Where a fault can strike: when the trial began, at each step, after each checkpoint."""
SECONDS = 0.01
"""A step takes."""
SILENCE = 3.0
"""Seconds of silence, or of doing nothing, after which these workers are given up."""
MADE_UNDER = {"torch": "none"}


def _sleep_with_the_lock() -> None:
    ctypes.PyDLL(None).sleep(3600)  # what calls C so keeps every other thread of the process waiting


FAULTS: Mapping[str, Callable[[], object]] = {
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGSTOP": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "SIGSEGV": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "SIGTERM": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "exit without a word": lambda: os._exit(0),
    "sys.exit": lambda: sys.exit(3),
    "sleep": lambda: time.sleep(3600),
    "sleep with the interpreter's lock": _sleep_with_the_lock,
}


@dataclass(frozen=True)
class Strike:
    """A fault of FAULTS at a point of the first attempt, and one at the second, perhaps."""

    point: int
    faults: tuple[str, ...]


def jobs(root: Path, count: int) -> list[Job]:
    """So many jobs on a store in `root`."""
    place = DataPlace(root / "data", root / "cache")
    return [Job(sha256_of(n), RECIPE, n, {}, DATA, place, root / "store", "cpu", 1, False, False) for n in range(count)]


@contextmanager
def light_workers(root: Path, strikes: Mapping[str, Strike] | None = None, wall: float | None = 0.0) -> Iterator[None]:
    """While inside, the processes executor of the product does light trials, in workers of its own making.

    Args:
        root: attempts and process ids are noted there.
        strikes: job key -> what strikes it.
        wall: seconds by which the workers' wall clock is off; None for one that stands still.
    """
    with (
        mock.patch.object(processes, "work", partial(_work, root, dict(strikes or {}), wall)),
        mock.patch.object(watch, "SECONDS_OF_SILENCE", SILENCE),
        mock.patch.object(watch, "SECONDS_WITHOUT_WORK", SILENCE),
        mock.patch.object(watch, "SECONDS_OF_WORK", 0.2),
    ):
        yield


def wall_clock(off: float | None) -> Callable[[], float]:
    """A clock that is off by so much, or stands still."""
    real = time.time
    return (lambda: 0.0) if off is None else lambda: real() + off


def workers_of(root: Path) -> list[int]:
    """The process id of every worker that began to work."""
    file = root / "workers"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def saved(root: Path, key: str) -> int:
    """Epochs of a trial that were safe on the disk, of all attempts."""
    file = root / f"{key}.saved"
    return len(file.read_bytes()) if file.exists() else 0


def _work(root: Path, strikes: Mapping[str, Strike], wall: float | None, pipe: Connection) -> None:
    time.time = wall_clock(wall)
    _note(root / "workers", f"{os.getpid()}\n")
    worker.SECONDS_BETWEEN_BEATS = 0.2
    worker.do = partial(_do, root, strikes)
    worker.work(pipe)


def _do(root: Path, strikes: Mapping[str, Strike], job: Job, tell: Tell) -> None:
    store = Store(job.store)
    with store.claim(job.key):
        if not store.has(job.key):
            strike = _Striking(root, job.key, strikes.get(job.key))
            with finishing():
                _train(root, store, job, tell, strike)
    tell(Ended(job.key, "finished"))


def _train(root: Path, store: Store, job: Job, tell: Tell, strike: Callable[[], None]) -> None:
    kept = KeptCheckpoints(store.checkpoints(job.key), MADE_UNDER)
    state = kept.load()
    begun, weight = (state[0]["epoch"], state[1]["weight"]) if state else (0, np.zeros(4, np.float32))
    tell(Started(job.key, begun))
    strike()
    for epoch in range(begun + 1, EPOCHS + 1):
        for step in range(1, STEPS + 1):
            time.sleep(SECONDS)
            tell(Stepped(job.key, epoch, step, STEPS))
            stop_if_asked()
            strike()
        weight = weight * 3 + epoch
        tell(EpochDone(job.key, Epoch(epoch, 0, 0, 0, 0, 0, 0, 0), EPOCHS))
        kept.save(epoch, 0, {"epoch": epoch}, {"weight": weight})
        _note(root / f"{job.key}.saved", ".")
        strike()
    put(store, record(job.key, seed=int(weight[0])))


class _Striking:
    """Counts the points of a trial; strikes at one of them."""

    def __init__(self, root: Path, key: str, strike: Strike | None) -> None:
        file = root / f"{key}.attempts"
        before = len(file.read_bytes()) if file.exists() else 0
        _note(file, ".")
        faults = strike.faults if strike else ()
        self.fault = FAULTS[faults[before]] if before < len(faults) else None
        self.left = strike.point % POINTS if strike and not before else 0

    def __call__(self) -> None:
        if self.fault is not None and self.left == 0:
            self.fault()
        self.left -= 1


def whole_seed() -> int:
    """The seed that a whole trial's record is made with: it depends on every epoch."""
    weight = 0
    for epoch in range(1, EPOCHS + 1):
        weight = weight * 3 + epoch
    return weight


def _note(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, text.encode())
    os.close(descriptor)
