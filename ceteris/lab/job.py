"""One trial from the data set to the stored record, in whatever process it runs."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ceteris.data.source import DataPlace, Dataset
from ceteris.errors import InputError, Problem
from ceteris.lab.events import Ended, EpochDone, Started, Stepped, Tell
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import data_source
from ceteris.store.checkpoints import Checkpoints
from ceteris.store.records import Store
from ceteris.study.keys import canonical_json
from ceteris.study.record import DataFacts, Epoch, Record, Status
from ceteris.study.vocabulary import PartSpec
from ceteris.version import VERSION

if TYPE_CHECKING:
    import numpy as np

SECONDS_BETWEEN_STEPS_TOLD = 0.25


@dataclass(frozen=True)
class Job:
    """All that another process needs to run one trial. Plain values only, so that it can be sent there.

    Attributes:
        key, recipe, seed: the trial.
        data: the data set as the study names it, with its location.
        facts: what the plan found the data to be.
        place: where data lies.
        store: its folder.
        device, threads, shared_machine, sealed_test_curve: see `ceteris.engine.device.Conditions`.
        modules: outside the package, to import first: they register parts.
    """

    key: str
    recipe: Mapping[str, Any]
    seed: int
    data: Mapping[str, Any]
    facts: DataFacts
    place: DataPlace
    store: Path
    device: str
    threads: int
    shared_machine: bool
    sealed_test_curve: bool
    modules: tuple[str, ...] = ()


def do(job: Job, tell: Tell) -> None:
    """Train the trial and store its record, unless it is there already.

    Whatever goes wrong inside training becomes a record with the status "failed". Raises InputError when the study
    cannot go on at all: the data is not what was planned, or the store cannot be written.
    """
    from ceteris.engine.device import Conditions
    from ceteris.engine.setup import Trial
    from ceteris.engine.train import train

    store = Store(job.store)
    with store.claim(job.key):
        if store.has(job.key):
            _tell_ended(store, job.key, tell)
            return
        for module in job.modules:
            importlib.import_module(module)
        checkpoints = store.checkpoints(job.key)
        tell(Started(job.key, checkpoints.epoch))
        data = _dataset(canonical_json(dict(job.data)), job.place)
        if data.facts.fingerprint != job.facts.fingerprint:
            raise InputError(Problem(f"{job.facts.name} changed since it was planned", hint="run the command again"))
        conditions = Conditions(job.device, job.threads, job.shared_machine, job.sealed_test_curve)
        trial = Trial(job.key, job.recipe, job.seed)
        try:
            record = train(trial, data, conditions, _Checkpoints(checkpoints), _Telling(job.key, tell))
        except InputError:
            raise
        except Exception as error:  # a trial that fails is an outcome; the study goes on
            record = failed(job, f"{type(error).__name__}: {error}", traceback.format_exc())
        put(store, record)
    KnownFacts(job.store / "facts").learn(record)
    tell(Ended(job.key, str(record.status), record.reason, tuple(record.metrics.items())))


def failed(job: Job, reason: str, log: str) -> Record:
    """The record of a trial that has no other outcome."""
    environment = {"ceteris": VERSION, "device": job.device, "threads": job.threads}
    return Record(job.key, Status.FAILED, job.recipe, job.seed, job.facts, environment, reason=reason, log=log)


def put(store: Store, record: Record) -> None:
    """Store a record. Raises InputError when the disk refuses."""
    try:
        store.put(record)
    except OSError as error:
        raise _cannot_write(store.folder(record.key), error) from None


def _cannot_write(where: Path, error: OSError) -> InputError:
    hint = "free some space or mend the disk, then run the same command again: finished trials are kept"
    return InputError(Problem(f"the store cannot be written: {error.strerror}", str(where), hint))


def _tell_ended(store: Store, key: str, tell: Tell) -> None:
    said = store.statement(key)
    tell(Ended(key, said["status"], said["reason"], tuple(said["metrics"].items())))


@lru_cache(maxsize=1)
def _dataset(spec: str, place: DataPlace) -> Dataset:
    """Trials that follow each other mostly share a data set: it stays open."""
    return data_source(PartSpec.model_validate_json(spec), place).load()


class _Checkpoints:
    """The store's checkpoints, with a disk that refuses told apart from a trial that fails."""

    def __init__(self, inner: Checkpoints) -> None:
        self.inner = inner

    def save(self, epoch: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        try:
            self.inner.save(epoch, values, arrays)
        except OSError as error:
            raise _cannot_write(self.inner.folder, error) from None

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        return self.inner.load()


class _Telling:
    """Passes on what a trial does, steps only now and then."""

    def __init__(self, key: str, tell: Tell) -> None:
        self.key, self.tell, self.last = key, tell, 0.0

    def step(self, epoch: int, step: int, steps: int) -> None:
        now = time.monotonic()
        if now - self.last >= SECONDS_BETWEEN_STEPS_TOLD:
            self.last = now
            self.tell(Stepped(self.key, epoch, step, steps))

    def epoch(self, row: Epoch, epochs: int) -> None:
        self.tell(EpochDone(self.key, row, epochs))
