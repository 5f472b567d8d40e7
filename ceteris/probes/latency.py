"""What a prediction takes: milliseconds and memory by batch size."""

from __future__ import annotations

import time
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register

WARM_UP = 3
"""Forward passes before the first one that is timed."""


def forward_milliseconds(model: nn.Module, inputs: torch.Tensor, repeats: int = 20) -> np.ndarray:
    """Wall-clock time of every one of `repeats` forward passes of one batch, float64 [repeats], after a warm-up.

    Args:
        model: left as it is; in evaluation mode meanwhile.
        inputs: float [b, channels, size, size], on the model's device; where that is an accelerator it is waited for.
        repeats: passes that are timed.
    """
    taken = np.empty(repeats)
    with evaluating(model), torch.inference_mode():
        for turn in range(-WARM_UP, repeats):
            _wait(inputs.device)
            started = time.perf_counter()
            model(inputs)
            _wait(inputs.device)
            if turn >= 0:
                taken[turn] = 1000 * (time.perf_counter() - started)
    return taken


def peak_bytes(model: nn.Module, inputs: torch.Tensor) -> int:
    """Memory of the tensors that exist at the fullest moment of one forward pass: weights, inputs, activations.

    Counted, so the same on every machine and device; what a convolution algorithm needs for itself and what an
    allocator holds back come on top.

    Args:
        model: left as it is; in evaluation mode meanwhile.
        inputs: float [b, channels, size, size].
    """
    living = _LivingTensors()
    with evaluating(model), torch.inference_mode(), living:
        for tensor in (*model.parameters(), *model.buffers(), inputs):
            living.count(tensor)
        model(inputs)
    return living.highest


class _LivingTensors(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Bytes of the storages that operations made and nothing has let go of."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.highest = 0
        self._now = 0
        self._storages: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in tree_leaves(made):
            if isinstance(value, torch.Tensor):
                self.count(value)
        return made

    def count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._storages:
            self._storages.add(storage._cdata)
            self._now += storage.nbytes()
            self.highest = max(self.highest, self._now)
            weakref.finalize(storage, self._forget, storage._cdata, storage.nbytes())

    def _forget(self, storage: int, size: int) -> None:
        self._storages.remove(storage)
        self._now -= size


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@register("probe")
def latency(*, batch_sizes: list[int] = [1, 32, 256], repeats: int = 20) -> ModelProbe:  # noqa: B006
    """What a prediction takes by batch size: milliseconds of a forward pass, and memory.

    On the device and in the precision of the trial. It leaves, for b batch sizes: "batch_size" int64 [b],
    "milliseconds" float64 [b, 3] per batch (lower quartile, median, upper quartile over the repeats), "peak_bytes"
    int64 [b] (see `peak_bytes`), and the values "device" and "threads".

    Args:
        batch_sizes: images at once; test images, repeated where there are too few.
        repeats: passes that are timed, after a warm-up of 3.

    Raises InputError for values below 1, or no batch size.
    """
    check_options(
        "latency",
        Check("batch_sizes", batch_sizes, bool(batch_sizes) and min(batch_sizes) >= 1, "a list of sizes from 1"),
        Check("repeats", repeats, repeats >= 1, "at least 1"),
    )
    return _Latency(batch_sizes, repeats)


@dataclass(frozen=True)
class _Latency(ModelProbe):
    batch_sizes: list[int]
    repeats: int

    def measure(self, view: Trained) -> Measurement:
        largest = max(self.batch_sizes)
        images, _ = evenly_spaced(view.test, largest)
        images = torch.cat([images] * -(-largest // len(images)))
        quartiles, peaks = [], []
        for size in self.batch_sizes:
            with view.autocast:
                taken = forward_milliseconds(view.model, images[:size], self.repeats)
                peaks.append(peak_bytes(view.model, images[:size]))
            quartiles.append(np.percentile(taken, [25, 50, 75]))
        device = images.device
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        return Measurement(
            {
                "batch_size": np.array(self.batch_sizes, np.int64),
                "milliseconds": np.array(quartiles),
                "peak_bytes": np.array(peaks, np.int64),
            },
            {"device": name, "threads": torch.get_num_threads()},
        )
