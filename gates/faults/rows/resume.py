"""A trial killed at every step and at every operation on the disk, and done again by the same command."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from ceteris.lab import job as training
from ceteris.lab.job import Job, do
from gates.faults.disk import Disk, killed_at
from gates.faults.row import Injection, Outcome
from gates.faults.trials import bits, breaking_parts, done, forked, job, silent

FAULT = "a trial is killed at any step, and at any operation on the disk"
PROMISE = "done again, it is bitwise equal to the uninterrupted one, and at most one step is trained twice"
SOURCE = "engine"

EVERY, SHORT_EVERY = 16, 96
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
            for said, step, point in case.kills(every):
                number = next(numbers)
                if only in (None, number):
                    yield case.injection(number, said, step, point)


class _Case:
    """One recipe: what it comes to without a fault, and how many steps and operations that takes."""

    def __init__(self, root: Path, label: str, recipe: Mapping[str, Any]) -> None:
        self.root, self.label, self.job = root, label, job(root, **recipe)
        done(self.job)  # so that nothing is made for the first time while operations are counted
        steps: list[int] = []
        with Disk() as disk, _telling(lambda: steps.append(1)):
            self.whole = bits(done(self._in("clean")))
        self.operations, self.steps = disk.done, len(steps)

    def kills(self, every: int) -> Iterator[tuple[str, int, int]]:
        """What is said of each kill, and its step or its operation on the disk, 0 for the other."""
        for step in range(1, self.steps + 1):
            yield f"killed at step {step}", step, 0
        for point in range(1, self.operations + 1, every):
            yield f"killed at operation {point} on the disk", 0, point

    def injection(self, number: int, said: str, step: int, point: int) -> Injection:
        """Kill, do again, compare."""
        one, label = self._in(str(number)), f"{self.label}: {said}"
        before, after = _steps_until_killed(one, step, point), []
        with _telling(lambda: after.append(1)):
            same = bits(done(one)) == self.whole
        if not same:
            return Injection(number, label, Outcome.WRONG, "its bits are others")
        twice = before + len(after) - self.steps
        if twice > 1:
            return Injection(number, label, Outcome.LOST, f"{twice} steps were trained twice")
        return Injection(number, label, Outcome.SURVIVED)

    def _in(self, name: str) -> Job:
        return replace(self.job, store=self.root / name)


@contextmanager
def _telling(step_done: Callable[[], object]) -> Iterator[None]:
    """Every step of a trial in this process is told to that."""

    def told(telling: object, *_: int) -> None:
        step_done()

    with mock.patch.object(training._Telling, "step", told):
        yield


def _steps_until_killed(one: Job, step: int, point: int) -> int:
    """Do the job in a process that is killed at a step or at an operation on the disk; how many steps it did."""
    reading, writing = os.pipe()
    steps = count(1)

    def step_done() -> None:
        os.write(writing, b".")
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with _telling(step_done):
        if point:
            killed_at(point, lambda: do(one, silent))
        else:
            os.waitpid(forked(lambda: do(one, silent)), 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return len(pipe.read())
