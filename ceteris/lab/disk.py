"""The store as a running trial sees it: a disk that refuses stops the study, as it would fail every trial alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ceteris.errors import InputError, Problem
from ceteris.lab.interrupts import asked_to_stop
from ceteris.lab.surroundings import changes
from ceteris.store.checkpoints import Checkpoints
from ceteris.store.records import Store
from ceteris.study.findings import Findings
from ceteris.study.record import Record

if TYPE_CHECKING:
    import numpy as np

    from ceteris.engine.watching import State

SHARE = 0.02
"""Of a trial's time, spent on checkpoints."""

MADE_UNDER = "made_under"


def put(store: Store, record: Record, findings: Iterable[Findings] = ()) -> None:
    """Store a record, with what probes found meanwhile. Raises InputError when the disk refuses."""
    with writing(store.folder(record.key)):
        store.put(record, findings)


def put_findings(store: Store, key: str, findings: Findings) -> None:
    """Store what a probe found. Raises InputError when the disk refuses."""
    with writing(store.folder(key)):
        store.put_findings(key, findings)


class KeptCheckpoints:
    """The store's checkpoints, each with what it was made under; no more of them than a share of the time pays for.

    So a crash costs at most one step, or `1 / SHARE` times as long as a checkpoint takes, if that is longer.
    """

    def __init__(
        self, inner: Checkpoints, made_under: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.inner, self.made_under, self._clock = inner, made_under, clock
        self._next = 0.0

    def due(self) -> bool:
        """Whether the last one is long enough ago, or the trial is to stop here."""
        return asked_to_stop() or self._clock() >= self._next

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write it. Raises InputError when the disk refuses."""
        started = self._clock()
        with writing(self.inner.folder):
            self.inner.save(epoch, step, {**values, MADE_UNDER: dict(self.made_under)}, arrays)
        ended = self._clock()
        self._next = ended + (ended - started) / SHARE

    def load(self) -> State | None:
        """See `Checkpoints.load`."""
        return self.inner.load()

    def changes(self) -> str:
        """What is another now than when the latest was made, in words; empty when it can be gone on from."""
        state = self.inner.load()
        return changes(state[0].get(MADE_UNDER), self.made_under) if state else ""


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """A disk that refuses what is done inside is an InputError that names the place."""
    try:
        yield
    except OSError as error:
        hint = "free some space or mend the disk, then run the same command again: finished trials are kept"
        raise InputError(Problem(f"the store cannot be written: {error.strerror}", str(where), hint)) from None
