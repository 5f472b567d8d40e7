"""One trial from the data set to the stored record, in whatever process it runs."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ceteris.data.source import DataPlace, Dataset
from ceteris.errors import InputError, Problem
from ceteris.lab.disk import KeptCheckpoints, put, writing
from ceteris.lab.events import Elsewhere, Ended, EpochDone, Started, Stepped, Tell
from ceteris.lab.facts import KnownFacts
from ceteris.lab.interrupts import finishing, stop_if_asked
from ceteris.lab.measure import measure
from ceteris.lab.plan import data_source
from ceteris.lab.surroundings import surroundings
from ceteris.store.records import Store
from ceteris.study.findings import Findings, Identity
from ceteris.study.keys import canonical_json
from ceteris.study.record import DataFacts, Epoch, Record, Status
from ceteris.study.vocabulary import PartSpec
from ceteris.version import VERSION

if TYPE_CHECKING:
    from ceteris.engine.device import Conditions

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
        device, threads, shared_machine, sealed_test_curve, compiled: see `ceteris.engine.device.Conditions`.
        probes: identities of those whose findings are wanted.
        modules: outside the package, to import first: they register parts.
        patient: wait for a trial that another run has under way, instead of leaving it to that run.
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
    probes: tuple[Identity, ...] = ()
    modules: tuple[str, ...] = ()
    compiled: bool = False
    patient: bool = False


def do(job: Job, tell: Tell) -> None:
    """Train the trial and store its record, then what its probes find, as far as these are not there already.

    Whatever goes wrong inside training becomes a record with the status "failed". Raises InputError when the study
    cannot go on at all: the data is not what was planned, or the store cannot be written.

    A trial that another run has under way is left to it, and `Elsewhere` told, unless the job is patient.
    """
    store = Store(job.store)
    with store.claim(job.key, wait=job.patient) as mine:
        if not mine:
            tell(Elsewhere(job.key))
            return
        if not store.has(job.key) or store.missing_findings(job.key, job.probes):
            for module in job.modules:
                importlib.import_module(module)
            again = "" if store.has(job.key) else _begins_again(store, job)
            tell(Started(job.key, store.checkpoints(job.key).epoch, again))
            data = _dataset(canonical_json(dict(job.data)), job.place, job.facts.fingerprint)
            if data.facts.fingerprint != job.facts.fingerprint:
                what = f"{job.facts.name} changed since it was planned"
                raise InputError(Problem(what, hint="run the command again"))
            with finishing():
                _fill(job, store, data, _Telling(job.key, tell))
    said = store.statement(job.key)
    tell(Ended(job.key, said["status"], said["reason"], tuple(said["metrics"].items())))


def _begins_again(store: Store, job: Job) -> str:
    """Set aside checkpoints that were made under something else, and say what: two halves would not be one trial."""
    kept = KeptCheckpoints(store.checkpoints(job.key), surroundings(job.device, job.compiled))
    if why := kept.changes():
        with writing(store.folder(job.key)):
            store.set_aside_checkpoints(job.key)
    return why


def _fill(job: Job, store: Store, data: Dataset, watcher: _Telling) -> None:
    from ceteris.engine.device import Conditions

    conditions = Conditions(job.device, job.threads, job.shared_machine, job.sealed_test_curve, job.compiled)
    if not store.has(job.key):
        record, findings = _train(job, store, data, conditions, watcher)
        put(store, record, findings)
        KnownFacts(job.store / "facts").learn(record)
    measure(store, job.key, job.probes, data=data, conditions=conditions, watcher=watcher)


def _train(
    job: Job, store: Store, data: Dataset, conditions: Conditions, watcher: _Telling
) -> tuple[Record, Sequence[Findings]]:
    from ceteris.engine.probing import Probing
    from ceteris.engine.setup import Trial
    from ceteris.engine.train import train

    probing = Probing(store.missing_findings(job.key, job.probes))
    trial = Trial(job.key, job.recipe, job.seed)
    checkpoints = KeptCheckpoints(store.checkpoints(job.key), surroundings(job.device, job.compiled))
    try:
        record = train(trial, data, conditions, checkpoints, watcher, probes=probing)
    except InputError:
        raise
    except Exception as error:  # a trial that fails is an outcome; the study goes on
        return failed(job, f"{type(error).__name__}: {error}", traceback.format_exc()), ()
    return record, probing.findings()


def failed(job: Job, reason: str, log: str) -> Record:
    """The record of a trial that has no other outcome."""
    environment = {"ceteris": VERSION, "device": job.device, "threads": job.threads}
    return Record(job.key, Status.FAILED, job.recipe, job.seed, job.facts, environment, reason=reason, log=log)


@lru_cache(maxsize=1)
def _dataset(spec: str, place: DataPlace, fingerprint: str) -> Dataset:
    """Trials that follow each other mostly share a data set: it stays open, as long as its content is that one."""
    return data_source(PartSpec.model_validate_json(spec), place).load()


class _Telling:
    """Passes on what a trial does, steps only now and then."""

    def __init__(self, key: str, tell: Tell) -> None:
        self.key, self.tell, self.last = key, tell, 0.0

    def step(self, epoch: int, step: int, steps: int) -> None:
        now = time.monotonic()
        if now - self.last >= SECONDS_BETWEEN_STEPS_TOLD:
            self.last = now
            self.tell(Stepped(self.key, epoch, step, steps))
        stop_if_asked()

    def epoch(self, row: Epoch, epochs: int) -> None:
        self.tell(EpochDone(self.key, row, epochs))
