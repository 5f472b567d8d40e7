"""A trial killed at every step and at every operation on the disk, and done again by the same command."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from ceteris.lab import job as training
from ceteris.lab.events import EpochDone, Event
from ceteris.lab.job import Job, do
from gates.faults.disk import Disk, killed_at
from gates.faults.row import Injection, Outcome
from gates.faults.trials import STEPS, bits, breaking_parts, done, forked, job

FAULT = "a trial is killed at any step, and at any operation on the disk"
PROMISE = "done again, it is bitwise equal to the uninterrupted one, and at most one epoch is trained twice"
SOURCE = "engine"

EVERY, SHORT_EVERY = 4, 24
"""Of the operations on the disk that many apart, of the first recipe all in the full run."""
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "momentum and augmentation": {"augment": ["flip", {"name": "crop", "padding": 2}]},
    "Adam, plateau, early stopping": {
        "optimizer": {"name": "adam", "lr": 0.01},
        "schedule": {"name": "plateau", "patience": 1},
        "early_stopping": {"patience": 2},
        "epochs": 5,
    },
    "AdamW, cosine, dropout": {
        "optimizer": {"name": "adamw", "lr": 0.01},
        "schedule": "cosine",
        "model": {"name": "frail", "dropout": 0.3},
    },
    "mixed images, the last weights": {"augment": ["mixup"], "weights": "last", "schedule": "one-cycle"},
    "bf16": {"precision": "bf16"},
}


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every recipe at every step, then at operations of the disk."""
    numbers = count(1)
    with breaking_parts(), tempfile.TemporaryDirectory() as folder:
        for place, (label, recipe) in enumerate(RECIPES.items()):
            if short and place > 1:
                return
            case = _Case(Path(folder, str(place)), label, recipe)
            every = SHORT_EVERY if short else EVERY if place else 1
            for said, kill in case.kills(every):
                number = next(numbers)
                if only in (None, number):
                    yield case.injection(number, said, kill)


class _Case:
    """One recipe: what it comes to without a fault, and how many operations that takes."""

    def __init__(self, root: Path, label: str, recipe: Mapping[str, Any]) -> None:
        self.root, self.label, self.job = root, label, job(root, **recipe)
        done(self.job)  # so that nothing is made for the first time while operations are counted
        with Disk() as disk:
            self.whole = bits(done(self._in("clean")))
        self.operations, self.epochs = disk.done, int(self.job.recipe["epochs"])

    def kills(self, every: int) -> Iterator[tuple[str, Callable[[Job, Callable[[Event], None]], object]]]:
        """What is said of each kill, and the kill."""
        for step in range(1, self.epochs * STEPS + 1):
            yield f"killed at step {step}", lambda one, tell, step=step: _killed_at_step(step, one, tell)
        for point in range(1, self.operations + 1, every):
            yield (
                f"killed at operation {point} on the disk",
                lambda one, tell, point=point: killed_at(point, lambda: do(one, tell)),
            )

    def injection(
        self, number: int, said: str, kill: Callable[[Job, Callable[[Event], None]], object]
    ) -> Injection:  # fmt: skip
        """Kill, do again, compare."""
        one = self._in(str(number))
        reading, writing = os.pipe()
        kill(one, lambda event: _note(writing, event))
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            finished = len(pipe.read())
        events: list[Event] = []
        label, same = f"{self.label}: {said}", bits(done(one, events.append)) == self.whole
        begun = next((event.row.epoch - 1 for event in events if isinstance(event, EpochDone)), self.epochs)
        if not same:
            return Injection(number, label, Outcome.WRONG, "its bits are others")
        if begun < finished - 1:
            return Injection(number, label, Outcome.LOST, f"{finished} epochs were done, it went on after {begun}")
        return Injection(number, label, Outcome.SURVIVED)

    def _in(self, name: str) -> Job:
        return replace(self.job, store=self.root / name)


def _note(pipe: int, event: Event) -> None:
    if isinstance(event, EpochDone):
        os.write(pipe, b".")


def _killed_at_step(step: int, one: Job, tell: Callable[[Event], None]) -> None:
    steps = count(1)

    def told(telling: object, *_: int) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def act() -> None:
        with mock.patch.object(training._Telling, "step", told):
            do(one, tell)

    os.waitpid(forked(act), 0)
