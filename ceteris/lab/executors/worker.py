"""A worker process: jobs come in through a pipe, events go out. Light to import; torch comes with the first job."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

import psutil

from ceteris.errors import InputError
from ceteris.lab.events import Event
from ceteris.lab.executors.watch import SECONDS_BETWEEN_BEATS, Alive
from ceteris.lab.interrupts import interrupts
from ceteris.lab.job import Job, do

GLIBC_KEEPS_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_ARENA_MAX": "1",
}
"""Read by glibc when a process starts: large tensors are reused instead of going back to the kernel every time, and by
all threads, as what another than the first asks for would else have no more than 64 MB together."""

SPINS, SPINS_BESIDE_OTHERS = "6000", "1000"
"""Turns that a thread of libgomp waits for the next operator before it sleeps. With fewer, every operator of a small
network pays for waking it; with as many, a busy neighbour's core is waited for in vain."""
SECONDS_OF_LOOKING = 0.1

OBJECTS = 10_000
"""Made before Python looks for garbage. With its 700, it looks 600 times while torch is imported, and finds none."""


def cores_for(threads: int) -> bool:
    """Whether what else runs leaves so many threads a core each, by a look at the cores of this process."""
    busy = psutil.cpu_percent(SECONDS_OF_LOOKING, percpu=True)
    own = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(busy))
    idle = sum(100 - busy[core] for core in own if core < len(busy)) / 100
    return idle > threads - 0.5


def environment(threads: int, own_cores: bool = True) -> dict[str, str]:
    """Variables that a worker must be started with. Those that the user has set stay as they are.

    Args:
        threads: of torch.
        own_cores: whether all threads that will train have a core each, see `cores_for`.
    """
    spins = SPINS if own_cores else SPINS_BESIDE_OTHERS
    wanted = GLIBC_KEEPS_MEMORY | {"OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": spins}
    return {name: value for name, value in wanted.items() if name == "OMP_NUM_THREADS" or name not in os.environ}


def work(pipe: Connection) -> None:
    """Do jobs until None comes, with a heartbeat beside. Sends events, then None when a job is over.

    An InputError that ends the study is sent, too. SIGTERM ends the process when the current step is done.
    """
    gc.set_threshold(OBJECTS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    line = _Line(pipe)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_beat, args=(line,), daemon=True).start()
    with suppress(KeyboardInterrupt), interrupts(signals=(signal.SIGTERM,)):
        while isinstance(job := pipe.recv(), Job):
            try:
                do(job, line.send)
                line.send(None)
            except InputError as error:
                line.send(error)
    gc.freeze()  # the end of the process need not look for garbage in all of torch: a second that the parent waits for


class _Line:
    """The way to the parent, for two threads that must not write into each other's messages.

    Without a parent the process ends: an error inside training would be recorded as a failure of the trial.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def send(self, message: Event | Alive | InputError | None) -> None:
        with self._lock:
            try:
                self._pipe.send(message)
            except OSError:
                os._exit(1)


def _beat(line: _Line) -> None:
    while True:
        line.send(Alive(time.process_time()))
        time.sleep(SECONDS_BETWEEN_BEATS)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
