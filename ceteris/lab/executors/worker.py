"""A worker process: jobs come in through a pipe, events go out. Light to import; torch comes with the first job."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection

from ceteris.errors import InputError
from ceteris.lab.events import Event
from ceteris.lab.job import Job, do

GLIBC_KEEPS_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}
"""Read by glibc when a process starts: large tensors are reused instead of going back to the kernel every time."""


def environment(threads: int) -> dict[str, str]:
    """Variables that a worker must be started with. Those that the user has set stay as they are."""
    wanted = GLIBC_KEEPS_MEMORY | {"OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "0"}
    return {name: value for name, value in wanted.items() if name == "OMP_NUM_THREADS" or name not in os.environ}


def work(pipe: Connection) -> None:
    """Do jobs until None comes. Sends events, then None when a job is over, or the InputError that ends the study."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(event: Event) -> None:
        pipe.send(event)

    while isinstance(job := pipe.recv(), Job):
        try:
            do(job, tell)
            pipe.send(None)
        except InputError as error:
            pipe.send(error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
