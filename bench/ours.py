"""`ceteris`' own engine, as a worker runs it."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from bench.cases import BATCH, Case, network, recipe
from bench.meter import WARM_UP, Meter, Over
from bench.tables import BETWEEN
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.engine.watching import Watcher
from ceteris.study.record import Epoch

BLOCK, BLOCKS = 5, 8
"""Steps in a row that are timed as they are, then as many with every operator timed; and how often."""
ARITHMETIC = {"convolution", "convolution_backward", "addmm", "mm", "bmm", "mkldnn_linear", "mkldnn_linear_backward"}
"""Those operators that are convolutions and matrix products."""


def speed(one: Case, data: Dataset, threads: int, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    until_over(one, data, threads, meter)
    return meter.rates


def cost(one: Case, data: Dataset, threads: int) -> dict[str, float]:
    """Where the time of a step goes, as shares of it.

    `outside` is what is in no convolution and no matrix product: other operators, each under its name, and BETWEEN
    them. Medians over steps; whole steps and their operators are timed in turn, as the one slows the other down.
    """
    watcher = _Timing()
    until_over(one, data, threads, watcher)
    step = float(np.median(watcher.steps))
    names = set().union(*watcher.operators)
    own = {name: float(np.median([timed[name] for timed in watcher.operators])) / step for name in names}
    inside = sum(share for name, share in own.items() if name in ARITHMETIC)
    others = {name: share for name, share in own.items() if name not in ARITHMETIC}
    between = max(0.0, 1 - inside - sum(others.values()))
    return {"outside": 1 - inside, BETWEEN: between, **others}


class _Operators(TorchDispatchMode):
    """Seconds in each operator, by name.

    torch's own profiler keeps so much that the heap grows under it, and memory written for the first time is slow:
    it says twice the time for normalisation and sums.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        begun = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        self.seconds[func.overloadpacket.__name__] += time.perf_counter() - begun
        return result


class _Timing:
    """Times some steps in the middle of an epoch, and the operators of as many others, block by block.

    `steps` are seconds of each of the former, `operators` seconds by name of each of the latter.
    """

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.operators: list[Counter[str]] = []
        self._done, self._begun = 0, 0.0
        self._watched: _Operators | None = None

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Note the step that is over. Raises Over."""
        took = time.perf_counter() - self._begun
        if self._watched:
            self._watched.__exit__(None, None, None)
            self.operators.append(self._watched.seconds)
        elif self._done >= WARM_UP:
            self.steps.append(took)
        self._done += 1
        block = (self._done - WARM_UP) // BLOCK
        if block == 2 * BLOCKS:
            raise Over
        self._watched = _Operators() if block % 2 and self._done >= WARM_UP else None
        if self._watched:
            self._watched.__enter__()
        self._begun = time.perf_counter()

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Epochs do not matter here."""


def until_over(one: Case, data: Dataset, threads: int, watcher: Watcher) -> None:
    """Train until the watcher raises Over."""
    try:
        train(Trial("0" * 64, recipe(one), 0), data, Conditions("cpu", threads), watcher=watcher)
    except Over:
        return


def flops_per_image(one: Case) -> float:
    """Operations of a training step's convolutions and matrix products, by image; nothing is computed."""
    with torch.device("meta"):
        model = network(one.model)
        inputs, labels = torch.empty(BATCH, 3, 32, 32), torch.empty(BATCH, dtype=torch.int64)
        with FlopCounterMode(display=False) as counter:
            functional.cross_entropy(model(inputs), labels).backward()  # type: ignore[no-untyped-call]
    return counter.get_total_flops() / BATCH
