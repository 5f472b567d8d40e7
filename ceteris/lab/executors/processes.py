"""Trials side by side: worker processes that each do one job after another, watched through their pipes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ceteris.errors import InputError
from ceteris.lab.disk import put
from ceteris.lab.events import Ended, Retried, Tell
from ceteris.lab.executors.worker import environment, work
from ceteris.lab.job import Job, failed
from ceteris.store.records import Store
from ceteris.study.record import Status

ATTEMPTS = 2
"""A process that dies (out of memory, killed) gets its trial tried once more, from the last checkpoint."""

SECONDS_TO_END = 5.0


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


def run_processes(jobs: Sequence[Job], workers: int, tell: Tell) -> None:
    """Run every job, `workers` at a time, first come first served.

    A worker that dies costs its trial one attempt and the others nothing. Raises InputError when the study cannot go
    on; on any way out, no worker is left behind.
    """
    waiting = deque(jobs)
    attempts: dict[str, int] = {}
    staff: list[_Worker] = []
    try:
        while waiting or staff:
            while waiting and len(staff) < workers:
                staff.append(_start(waiting[0].threads))
                _give(staff[-1], waiting, attempts)
            ready = wait([worker.pipe for worker in staff])
            for worker in [worker for worker in staff if worker.pipe in ready]:
                if not _listen(worker, tell):
                    continue
                if worker.process.is_alive() and waiting:
                    _give(worker, waiting, attempts)
                    continue
                staff.remove(worker)
                if worker.job is not None:
                    _bury(worker, waiting, attempts, tell)
                _end(worker)
    finally:
        for worker in staff:
            worker.process.terminate()
        for worker in staff:
            _end(worker)


def _start(threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    start_with(environment(threads), process)
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, waiting: deque[Job], attempts: dict[str, int]) -> None:
    worker.job = waiting.popleft()
    attempts[worker.job.key] = attempts.get(worker.job.key, 0) + 1
    try:
        worker.pipe.send(worker.job)
    except OSError:  # it died before its first job: its closed pipe is found by the next wait
        return


def _listen(worker: _Worker, tell: Tell) -> bool:
    """Pass on one message; whether the worker is free now, or gone (its job is still set then)."""
    try:
        message = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join(SECONDS_TO_END)
        return True
    if isinstance(message, InputError):
        raise message
    if message is not None:
        tell(message)
        return False
    worker.job = None
    return True


def _bury(worker: _Worker, waiting: deque[Job], attempts: dict[str, int], tell: Tell) -> None:
    """A worker died over its job: try once more, then record the failure."""
    job = worker.job
    assert job is not None
    why = _how_it_died(worker.process.exitcode)
    store = Store(job.store)
    if store.has(job.key):
        tell(Ended(job.key, str(store.statement(job.key)["status"])))
    elif attempts[job.key] < ATTEMPTS:
        waiting.appendleft(job)
        tell(Retried(job.key, why))
    else:
        reason = f"{why}, {ATTEMPTS} times"
        put(store, failed(job, reason, ""))
        tell(Ended(job.key, str(Status.FAILED), reason))


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        hint = ", perhaps for lack of memory" if -code == signal.SIGKILL else ""
        return f"its process was ended by {signal.Signals(-code).name}{hint}"
    return f"its process ended with exit code {code}"


def _end(worker: _Worker) -> None:
    with suppress(OSError):  # it may be gone already
        worker.pipe.send(None)
    worker.process.join(SECONDS_TO_END)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.pipe.close()


def start_with(variables: Mapping[str, str], process: BaseProcess) -> None:
    """Start a process with further environment variables; this one's stay as they are."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
