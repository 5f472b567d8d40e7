"""Wall clocks that jump or stand still, files from another decade, and a parent that was not watching."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ceteris.lab.events import Event, Retried
from ceteris.lab.executors import processes, watch
from ceteris.lab.executors.processes import run_processes
from ceteris.store.records import Store
from gates.faults.light import EPOCHS, Strike, jobs, light_workers, saved, wall_clock, whole_seed
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome

FAULT = "clocks jump by an hour or ten years, or stand still; a parent sleeps; times of files are wrong"
PROMISE = "no clock of the wall decides anything, and a parent that slept accuses nobody: false deaths 0"
SOURCE = "lab"

HOUR, DECADE = 3600.0, 10 * 365.25 * 86400
JUMPS: Mapping[str, float | None] = {"+1 h": HOUR, "-1 h": -HOUR, "+10 y": DECADE, "-10 y": -DECADE, "frozen": None}
TRIALS, WORKERS = 4, 2


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each jump of each clock; a short run has one of each clock."""
    for number, (label, act) in enumerate(_cases(), 1):
        if only in (None, number) and not (short and only is None and number % len(JUMPS) != 3):
            with tempfile.TemporaryDirectory() as folder:
                yield Injection(number, label, *act(Path(folder)))


def _cases() -> Iterator[tuple[str, Callable[[Path], tuple[Outcome, str]]]]:
    for said, off in JUMPS.items():
        yield f"the workers' wall clock {said}", partial(_run, workers=off)
    for said, off in JUMPS.items():
        yield f"the parent's wall clock {said}", partial(_run, parent=off)
    for said, off in JUMPS.items():
        yield f"times of files {said}", partial(_old_files, off=off)
    for seconds in (60.0, 400.0, HOUR, 10 * HOUR, DECADE):
        yield f"the parent does not watch for {seconds:,.0f} s", partial(_run, asleep=seconds)


def _run(
    root: Path, workers: float | None = 0.0, parent: float | None = 0.0, asleep: float = 0.0
) -> tuple[Outcome, str]:
    """A study with the clocks as they are said to be; nothing may be given up, nothing may differ."""
    events: list[Event] = []
    looks, late, begun = iter(range(1_000_000)), [0.0], time.monotonic()

    def look(pipes: Sequence[Connection], seconds: float) -> list[Any]:
        """After the tenth look it is late all at once, when a worker has just had nothing to say."""
        ready = wait(pipes, seconds)
        if next(looks) > 10 and len(ready) < len(pipes):
            late[0] = asleep
        return ready

    with (
        light_workers(root, wall=workers),
        mock.patch.object(time, "time", wall_clock(parent)),
        mock.patch.object(processes, "wait", look),
        mock.patch.object(watch, "time", SimpleNamespace(monotonic=lambda: time.monotonic() - begun + late[0])),
        mock.patch.object(watch, "SECONDS_OF_SILENCE", 20.0),
        mock.patch.object(watch, "SECONDS_WITHOUT_WORK", 20.0),
    ):
        run_processes(jobs(root, TRIALS), WORKERS, events.append)
    return _compared(root, events)


def _old_files(root: Path, off: float | None) -> tuple[Outcome, str]:
    """Killed, then every file gets another time, then done again."""
    struck = {job.key: Strike(8, ("SIGKILL",)) for job in jobs(root, TRIALS)}
    with light_workers(root, struck):
        attempts = mock.patch("ceteris.lab.executors.processes.ATTEMPTS", 1)
        with attempts, mock.patch("ceteris.lab.executors.processes.put"):
            run_processes(jobs(root, TRIALS), WORKERS, lambda event: None)
    when = 0.0 if off is None else time.time() + off
    for path in root.rglob("*"):
        os.utime(path, (when, when))
    events: list[Event] = []
    with light_workers(root):
        run_processes(jobs(root, TRIALS), WORKERS, events.append)
    return _compared(root, events)


def _compared(root: Path, events: list[Event]) -> tuple[Outcome, str]:
    if dead := [event.why for event in events if isinstance(event, Retried)]:
        return Outcome.WRONG, f"false deaths: {dead}"
    for job in jobs(root, TRIALS):
        if saved(root, job.key) != EPOCHS:
            return Outcome.LOST, f"{saved(root, job.key)} epochs were saved, of {EPOCHS}"
        with tempfile.TemporaryDirectory() as folder:
            whole = Store(Path(folder))
            whole.put(record(job.key, seed=whole_seed()))
            if found_record(Store(job.store), job.key) != found_record(whole, job.key):
                return Outcome.WRONG, "a record is another"
    return Outcome.SURVIVED, ""
