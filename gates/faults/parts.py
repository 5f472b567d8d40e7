"""Parts that break when told to: a network, and a loss. Importing registers them, as a user's module would."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ceteris.registry import register

MIB = 2**20


class _Frail(nn.Module):
    """A small network. Its n-th call in one mode, counted from 1, goes wrong."""

    def __init__(self, inner: nn.Sequential, weight_at: int, output_at: int, value: float) -> None:
        super().__init__()
        self.inner, self.value = inner, value
        self.at = {True: weight_at, False: output_at}
        self.calls = {True: 0, False: 0}

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls[self.training] += len(images) > 1  # with one it is only counted
        hit = self.calls[self.training] == self.at[self.training]
        if hit and self.training:
            with torch.no_grad():
                self.inner[-1].bias[0] = self.value
        out: torch.Tensor = self.inner(images)
        return out * self.value if hit and not self.training else out


def frail(
    classes: int, channels: int, image_size: int, *,
    width: int = 4, dropout: float = 0.0, weight_at: int = 0, output_at: int = 0, value: str = "nan",
) -> nn.Module:  # fmt: skip
    """One strided convolution, batch norm, dropout, one linear layer; a weight or an output can become NaN."""
    side = (image_size - 5) // 4 + 1
    inner = nn.Sequential(
        nn.Conv2d(channels, width, 5, stride=4), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(dropout), nn.Flatten(),
        nn.Linear(width * side**2, classes),
    )  # fmt: skip
    return _Frail(inner, weight_at, output_at, float(value)) if weight_at or output_at else inner


def frail_loss(*, at: int = 0, value: str = "nan") -> Callable[[Any, Any], torch.Tensor]:
    """Cross-entropy that is multiplied by a value at its n-th call, counted from 1."""
    calls = iter(range(1, 1_000_000))

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        factor = float(value) if next(calls) == at else 1.0
        return functional.cross_entropy(logits, labels) * factor

    return loss


def greedy(classes: int, channels: int, image_size: int, *, way: str) -> nn.Module:
    """A network that takes memory without end while it is built for training, up to a limit of its own process.

    Args:
        way: "refused", where the system says no, or "killed", where the kernel ends the process.
    """
    model = nn.Sequential(nn.Flatten(), nn.Linear(channels * image_size**2, classes))
    if torch.empty(0).is_meta:
        return model  # only counted
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + 512 * MIB, before[1]))
    taken = []
    try:
        while True:
            taken.append(torch.ones(16 * MIB))
    except (RuntimeError, MemoryError):
        if way == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _mapped() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - nothing may be allocated in vain
        return int(file.read().split()[0]) * resource.getpagesize()


def enlist() -> None:
    """Register them (again)."""
    register("model")(frail)
    register("model")(greedy)
    register("loss")(frail_loss)


enlist()
