"""CUDA graphs: what a device is told to do again and again is recorded once, then replayed without Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch

Output = TypeVar("Output")


@dataclass(frozen=True)
class _Recording(Generic[Output]):
    graph: torch.cuda.CUDAGraph
    inputs: tuple[torch.Tensor, ...]
    output: Output


class Recorder(Generic[Output]):
    """A function of tensors on a CUDA device, recorded at the second call of a shape and replayed from then on.

    The first call of a shape runs as it is: it lets libraries choose their algorithms and optimizers allocate their
    state. The function may change other tensors in place, if they stay where they are in memory, and draw from the
    device's default generator. What a call returns may be overwritten by the next.

    A function that cannot be recorded, as it waits for the device, runs as it is every time; `refused` says why.
    """

    def __init__(self, function: Callable[..., Output], device: torch.device) -> None:
        self.refused = ""
        self._function, self._device = function, device
        self._seen: set[tuple[torch.Size, ...]] = set()
        self._recordings: dict[tuple[torch.Size, ...], _Recording[Output]] = {}
        self._pool: Any = None
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, *inputs: torch.Tensor) -> Output:
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes in self._seen and shapes not in self._recordings and not self.refused:
            self._record(shapes, inputs)
        self._seen.add(shapes)
        recording = self._recordings.get(shapes)
        if recording is None:
            return self._function(*inputs)
        for kept, new in zip(recording.inputs, inputs, strict=True):
            kept.copy_(new)
        recording.graph.replay()
        return recording.output

    def _record(self, shapes: tuple[torch.Size, ...], inputs: tuple[torch.Tensor, ...]) -> None:
        kept, graph = tuple(torch.empty_like(tensor) for tensor in inputs), torch.cuda.CUDAGraph()
        self._pool = self._pool or torch.cuda.graph_pool_handle()  # one, as no two of its graphs run at a time
        # One of its own: torch's stream for all recordings is of the device where the first was made.
        self._stream = self._stream or torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        generator = torch.cuda.default_generators[self._device.index or 0]
        drawn = generator.get_state()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                output = self._function(*kept)
        except RuntimeError as error:
            self.refused = str(error)
            # A recording that breaks off leaves the generator in its hands; a fresh one takes over the draws.
            fresh = torch.Generator(self._device)
            fresh.set_state(drawn)
            generator.graphsafe_set_state(fresh.graphsafe_get_state())
            return
        self._recordings[shapes] = _Recording(graph, kept, output)
