"""What this machine can do at most: bare matrix products, bare convolutions, and augmentation alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.nn import functional

from bench.cases import BATCH, Case, recipe
from bench.meter import WARM_UP
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial, set_up

SIDE = 1024
CHANNELS, MAP = 64, 32


def matmul_flops(seconds: float, threads: int) -> float:
    """Operations per second of a float32 matrix product of 1024 x 1024."""
    torch.set_num_threads(threads)
    a, b, out = (torch.randn(SIDE, SIDE) for _ in range(3))
    return 2 * SIDE**3 * calls_per_second(lambda: torch.mm(a, b, out=out), seconds)


def conv_flops(seconds: float, threads: int) -> float:
    """Operations per second of a 3x3 convolution, 64 to 64 channels, on 128 maps of 32 x 32, forward and backward."""
    torch.set_num_threads(threads)
    images = torch.randn(BATCH, CHANNELS, MAP, MAP).to(memory_format=torch.channels_last).requires_grad_()
    kernel = torch.randn(CHANNELS, CHANNELS, 3, 3).to(memory_format=torch.channels_last).requires_grad_()
    ahead = torch.ones_like(images)

    def step() -> None:
        torch.autograd.grad(functional.conv2d(images, kernel, padding=1), (images, kernel), ahead)

    return 3 * 2 * BATCH * MAP**2 * CHANNELS**2 * 9 * calls_per_second(step, seconds)


def augmented_per_second(data: Dataset, seconds: float) -> float:
    """Images per second on one core through crop, flip and normalisation into a batch, from the epoch's start on."""
    batches = set_up(Trial("0" * 64, recipe(Case("lenet")), 0), data, Conditions()).train
    torch.set_num_threads(1)
    made, epoch, begun = 0, 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        epoch += 1
        made += sum(len(inputs) for inputs, _ in batches.epoch(0, epoch))
    return made / elapsed


def calls_per_second(step: Callable[[], object], seconds: float) -> float:
    """How often a step can be taken, after some to warm up."""
    for _ in range(WARM_UP):
        step()
    calls, begun = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        step()
        calls += 1
    return calls / elapsed
