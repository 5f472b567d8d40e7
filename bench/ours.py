"""`ceteris`' own engine, as a worker runs it."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
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

PROFILED_STEPS = 40
ARITHMETIC = ("convolution", "conv2d", "addmm", "aten::mm", "aten::bmm", "matmul", "linear")
"""Parts of the names of those operators that are convolutions and matrix products."""


def speed(one: Case, data: Dataset, threads: int, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    _until_over(one, data, threads, meter)
    return meter.rates


def cost(one: Case, data: Dataset, threads: int) -> dict[str, Any]:
    """Operations per image, and where the time of a step goes.

    `flops_per_image` counts forward and backward pass as they are called, two operations a multiply-add. `outside` is
    the share of a step's wall time that is in no convolution and no matrix product: other operators, Python, the
    batches. `costly` are the largest parts of it.
    """
    watcher = _Profiling()
    _until_over(one, data, threads, watcher)
    own = {event.key: event.self_cpu_time_total / 1e6 for event in watcher.profiler.key_averages()}
    wall = own.pop(_WINDOW, 0.0) + sum(own.values())
    counted = {name: seconds for name, seconds in own.items() if any(part in name for part in ARITHMETIC)}
    others = {name: seconds / wall for name, seconds in own.items() if name not in counted}
    others["Python between operators"] = 1 - (sum(counted.values()) / wall + sum(others.values()))
    return {
        "flops_per_image": flops_per_image(one),
        "outside": 1 - sum(counted.values()) / wall,
        "costly": sorted(others.items(), key=lambda item: -item[1])[:8],
    }


_WINDOW = "the profiled steps"


class _Profiling:
    """Profiles some steps in the middle of an epoch."""

    def __init__(self) -> None:
        self.profiler = profile(activities=[ProfilerActivity.CPU])
        self.window = torch.profiler.record_function(_WINDOW)
        self.steps = 0

    def step(self, epoch: int, step: int, steps: int) -> None:
        self.steps += 1
        if self.steps == WARM_UP:
            self.profiler.start()
            self.window.__enter__()
        elif self.steps == WARM_UP + PROFILED_STEPS:
            self.window.__exit__(None, None, None)
            self.profiler.stop()
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
