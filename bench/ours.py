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
UNCOUNTED_STEPS = 80
"""Profiled first and left out: what a profiler keeps makes the heap grow, and new memory is slow."""
ARITHMETIC = ("convolution", "conv2d", "addmm", "aten::mm", "aten::bmm", "matmul", "linear")
"""Parts of the names of those operators that are convolutions and matrix products."""


def speed(one: Case, data: Dataset, threads: int, meter: Meter) -> list[float]:
    """Images per second of the stretches of a training."""
    _until_over(one, data, threads, meter)
    return meter.rates


def cost(one: Case, data: Dataset, threads: int, meter: Meter) -> dict[str, Any]:
    """Operations per image, and where the time of a step goes.

    `flops_per_image` counts forward and backward pass as they are called, two operations a multiply-add. `outside` is
    the share of a step that is in no convolution and no matrix product: other operators, Python, the batches. `costly`
    are the largest parts of it. Operators are timed by the profiler, the step without it, as it slows what is between.
    """
    (rate,) = speed(one, data, threads, meter)
    watcher = _Profiling()
    _until_over(one, data, threads, watcher)
    step = BATCH / rate
    own = {
        event.key: event.self_cpu_time_total / 1e6 / PROFILED_STEPS / step
        for event in watcher.profiler.key_averages()
        if event.key.startswith("aten::")
    }
    inside = sum(share for name, share in own.items() if _is_arithmetic(name))
    others = {name: share for name, share in own.items() if not _is_arithmetic(name)}
    others["Python and what is between operators"] = max(0.0, 1 - inside - sum(others.values()))
    return {
        "flops_per_image": flops_per_image(one),
        "outside": 1 - inside,
        "costly": sorted(others.items(), key=lambda item: -item[1])[:8],
    }


def _is_arithmetic(operator: str) -> bool:
    return any(part in operator for part in ARITHMETIC)


class _Profiling:
    """Profiles some steps in the middle of an epoch."""

    def __init__(self) -> None:
        plan = torch.profiler.schedule(wait=0, warmup=UNCOUNTED_STEPS, active=PROFILED_STEPS, repeat=1)
        self.profiler = profile(activities=[ProfilerActivity.CPU], schedule=plan)
        self.steps = 0

    def step(self, epoch: int, step: int, steps: int) -> None:
        self.steps += 1
        counted = self.steps - WARM_UP - UNCOUNTED_STEPS
        if self.steps == WARM_UP:
            self.profiler.start()
        elif counted == PROFILED_STEPS:
            self.profiler.stop()
            raise Over
        elif self.steps > WARM_UP:
            self.profiler.step()

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
