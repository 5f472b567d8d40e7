"""The process that drives a study is killed; its workers must go, and another must go on."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from ceteris.lab.executors.processes import run_processes
from ceteris.store.records import Store
from gates.faults.light import EPOCHS, SECONDS, STEPS, jobs, light_workers, saved, whole_seed, workers_of
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome, draws
from gates.faults.trials import forked

FAULT = "the process that drives a study is killed"
PROMISE = "its workers end by themselves; the next goes on, and at most one epoch of each trial is trained twice"
SOURCE = "lab"

DRIVERS, SHORT_DRIVERS = 30, 2
TRIALS, WORKERS = 4, 2
SECONDS_TO_GO = 20.0


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each driver is killed a drawn time after the first of its workers began a trial."""
    numbers = range(1, 1 + (SHORT_DRIVERS if short else DRIVERS)) if only is None else [only]
    for number in numbers:
        after = float(draws("drivers", number).random()) * TRIALS / WORKERS * EPOCHS * STEPS * SECONDS
        with tempfile.TemporaryDirectory() as folder:
            yield Injection(number, f"killed {after:.3f} s after the first trial began", *_kill(Path(folder), after))


def _kill(root: Path, after: float) -> tuple[Outcome, str]:
    driver = forked(lambda: _drive(root))
    while not list(root.glob("*.attempts")):
        time.sleep(0.005)
    time.sleep(after)
    os.kill(driver, signal.SIGKILL)
    os.waitpid(driver, 0)
    if left := _still_there(workers_of(root)):
        return Outcome.WRONG, f"{len(left)} workers live on"
    if os.waitpid(forked(lambda: _drive(root)), 0)[1]:
        return Outcome.WRONG, "the next driver failed"
    for job in jobs(root, TRIALS):
        with tempfile.TemporaryDirectory() as folder:
            whole = Store(Path(folder))
            whole.put(record(job.key, seed=whole_seed()))
            if found_record(Store(job.store), job.key) != found_record(whole, job.key):
                return Outcome.WRONG, "a record is another"
        if saved(root, job.key) > EPOCHS + 1:
            return Outcome.LOST, f"{saved(root, job.key) - EPOCHS} epochs were saved twice"
    return Outcome.SURVIVED, ""


def _drive(root: Path) -> None:
    with light_workers(root):
        run_processes(jobs(root, TRIALS), WORKERS, lambda event: None)


def _still_there(processes: list[int]) -> list[int]:
    patience = time.monotonic() + SECONDS_TO_GO
    while (left := [one for one in processes if _lives(one)]) and time.monotonic() < patience:
        time.sleep(0.02)
    return left


def _lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
