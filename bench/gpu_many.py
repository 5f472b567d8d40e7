"""Many trials on one card: processes side by side, as the executor starts them, beside one after another."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bench.cases import case, images, recipe
from bench.meter import Over
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.lab.executors.mps import shared_card
from ceteris.lab.executors.processes import start_with
from ceteris.lab.executors.worker import environment
from ceteris.study.record import Epoch

EPOCHS_BEFORE = 2
"""Algorithms are chosen and steps recorded in the first; all trials wait for each other after the second."""


@dataclass(frozen=True)
class Order:
    """A trial that every process of the crew is to train, for so many epochs after it is warm."""

    model: str
    precision: str
    epochs: int
    compiled: bool


class _Together:
    """Says when the trial is warm, goes on when told to, and says when its epochs are over."""

    def __init__(self, pipe: Connection, epochs: int) -> None:
        self.pipe, self.epochs, self.done = pipe, epochs, 0

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Steps do not matter here."""

    def epoch(self, row: Epoch, epochs: int) -> None:
        self.done += 1
        if self.done == EPOCHS_BEFORE:
            self.pipe.send("warm")
            self.pipe.recv()
        elif self.done == EPOCHS_BEFORE + self.epochs:
            self.pipe.send(time.monotonic())
            raise Over


def _trials(pipe: Connection) -> None:
    """Train what is asked for until None is."""
    data: Dataset = images(None, None, False)
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        trial = Trial("0" * 64, recipe(case(order.model, order.precision)), 0)
        with suppress(Over):
            train(trial, data, Conditions("cuda", 1, compiled=order.compiled), watcher=_Together(pipe, order.epochs))


class Crew:
    """So many processes that hold the images, ready to train."""

    def __init__(self, processes: int) -> None:
        self._card = shared_card("cuda", processes)
        variables = {**environment(1), **self._card.__enter__()}
        context = multiprocessing.get_context("spawn")
        self._crew = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_trials, args=(theirs,), daemon=True)
            start_with(variables, process)
            self._crew.append((process, ours))
        for _, pipe in self._crew:
            pipe.recv()

    def images_per_second(self, trials: int, order: Order) -> float:
        """Training images per second of so many trials together, evaluation after every epoch included."""
        pipes = [pipe for _, pipe in self._crew[:trials]]
        _tell(pipes, order)
        for pipe in pipes:
            pipe.recv()
        begun = time.monotonic()
        _tell(pipes, "go")
        ended = max(pipe.recv() for pipe in pipes)
        split = recipe(case(order.model))["split"]["validation"]
        return trials * order.epochs * 50_000 * (1 - split) / (ended - begun)

    def end(self) -> None:
        """Let the processes and the card go."""
        for process, pipe in self._crew:
            pipe.send(None)
            process.join(5)
            process.kill()
        self._card.__exit__(None, None, None)


def _tell(pipes: list[Connection], what: Any) -> None:
    for pipe in pipes:
        pipe.send(what)
