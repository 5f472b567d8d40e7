"""Counts the images of a stretch of training, after some steps to warm up, and ends the training then."""

from __future__ import annotations

import sys
import time

from bench.cases import BATCH
from ceteris.study.record import Epoch

WARM_UP = 8
"""Steps: memory is asked for, kernels are chosen, data loaders have filled their queues."""
READY = "ready"


class Over(Exception):
    """All stretches have been measured; nothing is wrong."""


class Meter:
    """Told of every step. Raises Over when it has measured.

    Args:
        seconds: of a stretch, which ends with the first step after them.
        waits: stretches that each begin when a line comes in on standard input, after READY went out: processes that
            are measured side by side begin at one moment. 0: one stretch, at once.

    `rates` are the images per second of each stretch. All batches are full: an epoch is longer than a stretch.
    """

    def __init__(self, seconds: float, waits: int = 0) -> None:
        self.seconds, self.waits = seconds, waits
        self.rates: list[float] = []
        self._steps, self._begun = 0, 0.0

    def step(self, epoch: int = 0, step: int = 0, steps: int = 0) -> None:
        """A step is over. Raises Over."""
        self._steps += 1
        if self._steps == WARM_UP:
            self._begin()
        elif self._steps > WARM_UP and (elapsed := time.perf_counter() - self._begun) >= self.seconds:
            self.rates.append((self._steps - WARM_UP) * BATCH / elapsed)
            if len(self.rates) >= self.waits:
                raise Over
            self._begin()

    def _begin(self) -> None:
        if self.waits:
            print(READY, flush=True)
            sys.stdin.readline()
        self._steps, self._begun = WARM_UP, time.perf_counter()

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Epochs do not matter here."""
