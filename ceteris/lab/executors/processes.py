"""Trials side by side: worker processes that each do one job after another, watched through their pipes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ceteris.errors import InputError
from ceteris.lab.disk import put
from ceteris.lab.events import Elsewhere, Ended, Event, Retried, Tell
from ceteris.lab.executors.mps import shared_card
from ceteris.lab.executors.watch import Alive, Clock, Watch
from ceteris.lab.executors.worker import cores_for, environment, work
from ceteris.lab.interrupts import asked_to_stop, finishing
from ceteris.lab.job import Job, failed
from ceteris.lab.likely import VISIBLE
from ceteris.store.records import Store
from ceteris.study.record import Status

ATTEMPTS = 2
"""A process that dies (out of memory, killed) or hangs gets its trial tried once more, from the last checkpoint."""

SECONDS_TO_END = 5.0
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass
class _Worker:
    """A process, the only card it sees if it was given one, and what it is doing; `ended_for` says why it was ended."""

    process: BaseProcess
    pipe: Connection
    card: str = ""
    job: Job | None = None
    watch: Watch = field(default_factory=Watch)
    ended_for: str = ""


def run_processes(jobs: Sequence[Job], workers: int, tell: Tell, cards: Sequence[str] = ()) -> None:
    """Run every job, `workers` at a time, first come first served; those that another run has under way last.

    With several `cards`, as CUDA_VISIBLE_DEVICES names them, every worker sees one of them and none has many more than
    another.
    A worker that dies or hangs costs its trial one attempt and the others nothing. Raises InputError when the study
    cannot go on, KeyboardInterrupt when it was asked to stop; on any way out, no worker is left behind.
    """
    on_a_card = -(-workers // max(1, len(cards)))
    with finishing(), shared_card(jobs[0].device if jobs else "cpu", on_a_card) as variables:
        crew = _Crew(deque(jobs), workers, tell, variables, cards)
        try:
            while crew.at_work():
                crew.look()
        finally:
            crew.end()


class _Crew:
    """The workers and the jobs that wait for one."""

    def __init__(
        self, waiting: deque[Job], workers: int, tell: Tell, variables: Mapping[str, str], cards: Sequence[str]
    ) -> None:
        self.waiting, self.workers, self.tell, self.variables, self.cards = waiting, workers, tell, variables, cards
        self.staff: list[_Worker] = []
        self.attempts: dict[str, int] = {}
        self.clock, self.stopping = Clock(), False
        self.own_cores = cores_for(min(workers, len(waiting)) * max((job.threads for job in waiting), default=1))

    def at_work(self) -> bool:
        """Fill the places that are free; whether anybody works."""
        if asked_to_stop() and not self.stopping:
            self.stopping = True
            self.waiting.clear()
            for worker in self.staff:
                worker.process.terminate()  # which it hears as "once this step is done"
        while self.waiting and len(self.staff) < self.workers:
            variables = {**environment(self.waiting[0].threads, self.own_cores), **self.variables}
            self.staff.append(_start(variables, self._emptiest_card()))
            self._give(self.staff[-1])
        return bool(self.staff)

    def look(self) -> None:
        """Wait a moment for news; take in what came, and give up on those that hang."""
        ready = wait([worker.pipe for worker in self.staff], SECONDS_BETWEEN_LOOKS)
        passed = self.clock.passed()
        for worker in list(self.staff):
            worker.watch.passed(passed)
            if worker.pipe in ready and _listen(worker, self._hear):
                self._free(worker)
            elif why := worker.watch.hangs():
                worker.ended_for = why
                worker.process.kill()

    def end(self) -> None:
        """Nobody is left behind; whatever they were at was written so that it can be cut off."""
        for worker in self.staff:
            worker.process.kill()
        for worker in self.staff:
            _end(worker)

    def _hear(self, event: Event) -> None:
        """Pass it on; what is done elsewhere is waited for when nothing else is left to do."""
        if isinstance(event, Elsewhere) and not self.stopping:
            (job,) = (worker.job for worker in self.staff if worker.job and worker.job.key == event.key)
            self.waiting.append(replace(job, patient=True))
            self.attempts[job.key] -= 1
        self.tell(event)

    def _free(self, worker: _Worker) -> None:
        """It has done its job, or is gone."""
        if worker.process.is_alive() and self.waiting:
            self._give(worker)
            return
        self.staff.remove(worker)
        if worker.job is not None and not self.stopping:
            self._bury(worker, worker.job)
        _end(worker)

    def _emptiest_card(self) -> str:
        taken = [worker.card for worker in self.staff]
        return min(self.cards, key=taken.count, default="")

    def _give(self, worker: _Worker) -> None:
        worker.job, worker.watch = self.waiting.popleft(), Watch()
        self.attempts[worker.job.key] = self.attempts.get(worker.job.key, 0) + 1
        try:
            worker.pipe.send(worker.job)
        except OSError:  # it died before its first job: its closed pipe is found by the next wait
            return

    def _bury(self, worker: _Worker, job: Job) -> None:
        """A worker died over its job: try once more, then record the failure."""
        why = worker.ended_for or _how_it_died(worker.process.exitcode)
        store = Store(job.store)
        if store.has(job.key):
            self.tell(Ended(job.key, str(store.statement(job.key)["status"])))
        elif self.attempts[job.key] < ATTEMPTS:
            self.waiting.appendleft(replace(job, patient=True))  # the claim that the dead one left is its own
            self.tell(Retried(job.key, why))
        else:
            reason = f"{why}, {ATTEMPTS} times"
            put(store, failed(job, reason, ""))
            self.tell(Ended(job.key, str(Status.FAILED), reason))


def _start(variables: Mapping[str, str], card: str) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    start_with({**variables, VISIBLE: card} if card else variables, process)
    theirs.close()
    return _Worker(process, ours, card)


def _listen(worker: _Worker, tell: Tell) -> bool:
    """Pass on one message; whether the worker is free now, or gone (its job is still set then)."""
    try:
        message = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join(SECONDS_TO_END)
        return True
    if isinstance(message, InputError):
        raise message
    if isinstance(message, Alive):
        worker.watch.beat(message)
        return False
    if message is not None:
        worker.watch.news(message)
        tell(message)
        return False
    worker.job = None
    return True


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
