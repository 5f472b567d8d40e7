"""How fast a recipe trains when several trials share the cores: a few seconds of it, on made images, nothing kept."""

from __future__ import annotations

import importlib
import multiprocessing
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from ceteris.lab.executors.processes import start_with
from ceteris.lab.executors.worker import cores_for, environment

if TYPE_CHECKING:
    from ceteris.data.source import Dataset
    from ceteris.study.record import DataFacts, Epoch

WARM_UP, STEPS, SECONDS = 3, 3, 2.0
"""Steps before the clock starts; steps and seconds that are measured at least."""
PATIENCE = 120.0
"""Seconds without an answer after which it is given up."""


@dataclass(frozen=True)
class Tryout:
    """A resolved recipe, the facts of its data, and modules to import first because they register parts."""

    recipe: Mapping[str, Any]
    facts: DataFacts
    modules: tuple[str, ...] = ()


def images_per_second(tried: Tryout, threads: int, processes: int) -> float | None:
    """Of one of so many trials side by side, each with so many threads; None when one of them fails or takes too long.

    The trials start measuring at one moment.
    """
    context, variables = multiprocessing.get_context("spawn"), environment(threads, cores_for(threads * processes))
    running = []
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_try, args=(theirs, tried, threads), daemon=True)
            running.append((process, ours))
            start_with(variables, process)
            theirs.close()
        for _, pipe in running:
            _answer(pipe)
        for _, pipe in running:
            pipe.send("go")
        return sum(float(_answer(pipe)) for _, pipe in running) / processes
    except (EOFError, OSError, TimeoutError):
        return None
    finally:
        for process, pipe in running:
            pipe.close()
            if process.pid is not None:
                process.kill()
                process.join()


def _answer(pipe: Connection) -> Any:
    if not pipe.poll(PATIENCE):
        raise TimeoutError
    return pipe.recv()


class _Measured(Exception):
    """Enough was seen."""


class _Clock:
    """Counts steps after the first few, from the moment at which all trials are warm."""

    def __init__(self, pipe: Connection, batch_size: int) -> None:
        self.pipe, self.batch_size, self.steps, self.begun = pipe, batch_size, 0, 0.0

    def step(self, epoch: int, step: int, steps: int) -> None:
        self.steps += 1
        if self.steps == WARM_UP:
            self.pipe.send("warm")
            self.pipe.recv()
            self.begun = time.perf_counter()
        done, elapsed = self.steps - WARM_UP, time.perf_counter() - self.begun
        if done >= STEPS and elapsed >= SECONDS:
            self.pipe.send(done * self.batch_size / elapsed)
            raise _Measured

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Evaluation belongs to the training, too."""


def _try(pipe: Connection, tried: Tryout, threads: int) -> None:
    from ceteris.engine.device import Conditions
    from ceteris.engine.setup import Trial
    from ceteris.engine.train import train

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    clock = _Clock(pipe, min(int(tried.recipe["batch_size"]), tried.facts.train_images))
    recipe = {**tried.recipe, "epochs": 10**6, "early_stopping": None}
    with suppress(Exception):  # what fails here fails as a trial, and is told then
        for module in tried.modules:
            importlib.import_module(module)
        train(Trial("tryout", recipe, 0), _made(tried.facts), Conditions("cpu", threads), watcher=clock)


def _made(facts: DataFacts) -> Dataset:
    """One random image over and over, which takes no memory, under all labels."""
    from ceteris.data.source import Dataset, Images

    size, channels = facts.image_size, facts.channels
    image = np.random.default_rng(0).integers(0, 256, (size, size, channels), dtype=np.uint8)
    splits = [
        Images(np.broadcast_to(image, (count, *image.shape)), np.arange(count, dtype=np.int64) % len(facts.classes))
        for count in (facts.train_images, facts.test_images)
    ]
    return Dataset(facts, *splits)
