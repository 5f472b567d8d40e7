"""Trials of a tenth of a second, done through the product, and what of their records must be the same again."""

from __future__ import annotations

import math
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

from ceteris import registry
from ceteris.data.source import DataPlace
from ceteris.lab.events import Event
from ceteris.lab.job import Job, do
from ceteris.lab.plan import data_source
from ceteris.lab.resolve import resolve
from ceteris.store.files import pack_arrays, sha256
from ceteris.store.records import Store
from ceteris.study.keys import trial_key
from ceteris.study.record import Record
from ceteris.study.vocabulary import Recipe

DATA = {"name": "shapes", "classes": 3, "train_images": 60, "test_images": 24, "difficulty": 0.0}
RECIPE: Mapping[str, Any] = {
    "data": DATA, "model": "frail", "optimizer": {"name": "sgd", "lr": 0.02, "momentum": 0.9},
    "epochs": 3, "batch_size": 18,
}  # fmt: skip
TIMES = ("seconds", "images_per_second")
STEPS = 3
"""Of an epoch: 54 images are trained on, 6 are for validation."""


@contextmanager
def breaking_parts() -> Iterator[None]:
    """The parts of `gates.faults.parts` are registered inside; trials are saved after every step and epoch."""
    with mock.patch.dict(registry._added), mock.patch("ceteris.lab.disk.SHARE", math.inf), one_thread():
        from gates.faults import parts

        parts.enlist()
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes in this thread alone, so that the process may be forked."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def job(root: Path, seed: int = 0, **fields: Any) -> Job:
    """A job of RECIPE with other fields, in `root`."""
    recipe, place = Recipe.model_validate({**RECIPE, **fields}), DataPlace(root / "data", root / "cache")
    facts = data_source(recipe.data, place).facts()
    resolved = resolve(recipe)
    return Job(
        key=trial_key(resolved, facts.fingerprint, seed), recipe=resolved, seed=seed, data=recipe.data.model_dump(),
        facts=facts, place=place, store=root / "store", device="cpu", threads=1, shared_machine=False,
        sealed_test_curve=True, modules=registry.modules_added(), patient=True,
    )  # fmt: skip


def silent(event: Event) -> None:
    """Watch nothing."""


def done(job: Job, tell: Callable[[Event], None] = silent) -> Record:
    """The record after doing the job."""
    do(job, tell)
    return Store(job.store).get(job.key, weights=True)


def bits(record: Record) -> str:
    """The sha256 of everything of a record that must be the same when its trial is done again: all but times."""
    kinds = (getattr(record, kind) for kind in ("steps", "predictions", "examples", "weights"))
    arrays = [sha256(pack_arrays(dict(sorted(kind.items())))) for kind in kinds]
    rows = [{name: value for name, value in asdict(row).items() if name not in TIMES} for row in record.epochs]
    said = record.key, record.status, record.reason, record.chosen_epoch, record.metrics, record.normalize
    return sha256(repr((arrays, rows, said, record.environment["threads"])).encode())


def untimed(record: Record) -> Record:
    """The record without what a clock decides."""
    rows = tuple(replace(row, seconds=0.0, images_per_second=0.0) for row in record.epochs)
    return replace(record, epochs=rows, cost=None)


def forked(act: Callable[[], object]) -> int:
    """A child process that does it and ends; its number. `os.waitpid` says how it ended, 0 for well."""
    # An interrupt in the child must not reach what follows here: it would clean up what is the parent's.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forking beside threads
        child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        return child
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        act()
        code = 0
    except KeyboardInterrupt:
        code = 130
    finally:
        os._exit(code)
