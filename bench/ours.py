"""`ceteris`' own engine, as a worker runs it."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from bench.cases import BATCH, Case, recipe
from bench.meter import WARM_UP, Meter, Over
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.engine.watching import Watcher
from ceteris.registry import part
from ceteris.study.record import Epoch

TIMED_STEPS = 60
ARITHMETIC = {"convolution", "convolution_backward", "addmm", "mm", "bmm"}
"""Those operators that are convolutions and matrix products."""


def speed(one: Case, data: Dataset, threads: int, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    _until_over(one, data, threads, meter)
    return meter.rates


def cost(one: Case, data: Dataset, threads: int, meter: Meter) -> dict[str, Any]:
    """Operations per image, and where the time of a step goes.

    `flops_per_image` counts forward and backward pass as they are called, two operations a multiply-add. `outside` is
    the share of a step that is in no convolution and no matrix product: other operators, Python, the batches. `costly`
    are the largest parts of it. Operators are timed one by one, the step as a whole without that.
    """
    (rate,) = speed(one, data, threads, meter)
    watcher = _Timing()
    _until_over(one, data, threads, watcher)
    step = BATCH / rate
    own = {name: seconds / TIMED_STEPS / step for name, seconds in watcher.operators.seconds.items()}
    inside = sum(share for name, share in own.items() if name in ARITHMETIC)
    others = {name: share for name, share in own.items() if name not in ARITHMETIC}
    others["Python and what is between operators"] = max(0.0, 1 - inside - sum(others.values()))
    return {
        "flops_per_image": flops_per_image(one),
        "outside": 1 - inside,
        "costly": sorted(others.items(), key=lambda item: -item[1])[:8],
    }


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
    """Times the operators of some steps in the middle of an epoch."""

    def __init__(self) -> None:
        self.operators, self.steps = _Operators(), 0

    def step(self, epoch: int, step: int, steps: int) -> None:
        self.steps += 1
        if self.steps == WARM_UP:
            self.operators.__enter__()
        elif self.steps == WARM_UP + TIMED_STEPS:
            self.operators.__exit__(None, None, None)
            raise Over

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Epochs do not matter here."""


def _until_over(one: Case, data: Dataset, threads: int, watcher: Watcher) -> None:
    try:
        train(Trial("0" * 64, recipe(one), 0), data, Conditions("cpu", threads), watcher=watcher)
    except Over:
        return


def flops_per_image(one: Case) -> float:
    """Operations of a training step's convolutions and matrix products, by image; nothing is computed."""
    with torch.device("meta"):
        model = part("model", one.model).build({}, classes=10, channels=3, image_size=32)
        inputs, labels = torch.empty(BATCH, 3, 32, 32), torch.empty(BATCH, dtype=torch.int64)
        with FlopCounterMode(display=False) as counter:
            functional.cross_entropy(model(inputs), labels).backward()  # type: ignore[no-untyped-call]
    return counter.get_total_flops() / BATCH
