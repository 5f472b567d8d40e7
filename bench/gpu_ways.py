"""Other ways than processes to train several trials on one card: steps side by side in one graph, and one wide network.

Measured to know what is given up by not taking them; see "Many trials on one GPU" in docs/speed.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.autograd import DeviceType
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from bench.cases import BATCH, CHANNELS, CLASSES, SIDE, case, network, recipe
from bench.gpu_limits import DEVICE
from ceteris.data.batches import Batch
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.probing import Probing
from ceteris.engine.setup import Trial, arithmetic, set_up
from ceteris.engine.steps import RECORDED_STEPS, Steps

RECORDED, WARM_UP, REPLAYS = 8, 3, 20
AT_A_TIME = 8


class WideConv2d(nn.Module):
    """The convolutions of several trials as one, [b, trials * c_in, h, w] -> [b, trials * c_out, h', w'].

    Not grouped, which libraries compute slowly, but with zeros between the trials.
    """

    def __init__(self, one: nn.Conv2d, trials: int) -> None:
        super().__init__()
        self.trials, self.stride, self.padding = trials, one.stride, one.padding
        self.weight = nn.Parameter(one.weight.detach().repeat(trials, 1, 1, 1, 1))
        self.bias = None if one.bias is None else nn.Parameter(one.bias.detach().repeat(trials))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        apart = torch.eye(self.trials, device=maps.device).view(self.trials, 1, self.trials, 1, 1, 1)
        weight = (self.weight.unsqueeze(2) * apart).flatten(0, 1).flatten(1, 2)
        packed = weight.contiguous(memory_format=torch.channels_last)
        return functional.conv2d(maps, packed, self.bias, self.stride, self.padding)  # type: ignore[arg-type]


class WideLinear(nn.Module):
    """The linear layers of several trials as one batched product, [b, trials * f_in] -> [b, trials * f_out]."""

    def __init__(self, one: nn.Linear, trials: int) -> None:
        super().__init__()
        self.trials = trials
        self.weight = nn.Parameter(one.weight.detach().t().repeat(trials, 1, 1))
        self.bias = nn.Parameter(one.bias.detach().repeat(trials, 1, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        own = features.unflatten(1, (self.trials, -1)).transpose(0, 1)
        return torch.baddbmm(self.bias, own, self.weight).transpose(0, 1).flatten(1)


WIDENED: dict[type[nn.Module], Callable[[Any, int], nn.Module]] = {
    nn.Conv2d: WideConv2d,
    nn.Linear: WideLinear,
    nn.BatchNorm2d: lambda one, trials: nn.BatchNorm2d(trials * one.num_features),
}
"""What becomes of a layer. All others treat every map and feature alike, so they stay."""


def widen(model: nn.Module, trials: int) -> nn.Module:
    """The same network so many times side by side, in place: [b, trials * c, h, w] -> [b, trials * classes]."""
    for name, child in list(model.named_children()):
        made = WIDENED.get(type(child))
        setattr(model, name, made(child, trials) if made else widen(child, trials))
    return model


def other_ways(model: str, precision: str, data: Dataset) -> dict[str, dict[int, float]]:
    """Images per second of one trial and of several, by the way in which they are put together."""
    ways: dict[str, Callable[[int], float]] = {
        "one graph": lambda trials: one_graph(model, precision, trials, data),
        "one wide network": lambda trials: one_wide_network(model, precision, trials),
    }
    return {name: {trials: way(trials) for trials in (1, AT_A_TIME)} for name, way in ways.items()}


def kernels(model: str, precision: str, data: Dataset, compiled: bool = False) -> dict[str, float]:
    """Kernels (and what else the card is told to do) in a step, and the microseconds that it is busy with them."""
    with arithmetic(precision):
        steps, batches = _begun(model, precision, 0, data, compiled)
        for _ in range(WARM_UP):
            steps.several(*batches)
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            steps.several(*batches)
            torch.cuda.synchronize()
    done = [one for one in seen.events() if one.device_type == DeviceType.CUDA and not one.is_user_annotation]
    busy = sum(one.device_time for one in done)
    return {"a_step": len(done) / RECORDED_STEPS, "busy_microseconds": busy / RECORDED_STEPS}


def _begun(model: str, precision: str, seed: int, data: Dataset, compiled: bool = False) -> tuple[Steps, Batch]:
    """A trial at the beginning of its first epoch, and its first batches."""
    trial = Trial("0" * 64, recipe(case(model, precision)), seed)
    setup = set_up(trial, data, Conditions(DEVICE, 1, compiled=compiled))
    steps = Steps(setup, Probing())
    steps.begin(1)
    return steps, next(setup.train.epoch(seed, 1, RECORDED_STEPS))


def one_wide_network(model: str, precision: str, trials: int) -> float:
    """Images per second of so many trials as one wide network, on images that are there already."""
    net = widen(network(model), trials)
    net = net.to(DEVICE)
    images = torch.randn(BATCH, trials * CHANNELS, SIDE, SIDE, device=DEVICE).to(memory_format=torch.channels_last)
    labels = torch.randint(0, len(CLASSES), (trials, BATCH), device=DEVICE)
    optimizer = torch.optim.AdamW(net.parameters(), torch.tensor(1e-3, device=DEVICE), fused=True, capturable=True)

    def step() -> None:
        with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16"):
            logits = net(images)
        own = logits.float().unflatten(1, (trials, len(CLASSES))).transpose(0, 1)
        optimizer.zero_grad(set_to_none=True)
        torch.func.vmap(functional.cross_entropy)(own, labels).sum().backward()
        optimizer.step()

    def steps() -> None:
        for _ in range(RECORDED):
            step()

    with arithmetic(precision):
        return trials * RECORDED * BATCH / _seconds(steps, lambda: None)


def one_graph(model: str, precision: str, trials: int, data: Dataset) -> float:
    """Images per second of so many trials whose steps are recorded side by side, each on a stream of its own."""
    with arithmetic(precision):
        side_by_side = [(*_begun(model, precision, seed, data), torch.cuda.Stream()) for seed in range(trials)]

        def begin() -> None:
            for steps, _, _ in side_by_side:
                steps.begin(1)

        def all_steps() -> None:
            current = torch.cuda.current_stream()
            for steps, batches, stream in side_by_side:
                stream.wait_stream(current)
                with torch.cuda.stream(stream):
                    steps.several(*batches)
            for _, _, stream in side_by_side:
                current.wait_stream(stream)

        return trials * RECORDED_STEPS * BATCH / _seconds(all_steps, begin)


def _seconds(work: Callable[[], None], begin: Callable[[], None]) -> float:
    """Of the work as a graph, replayed; `begin` comes before every stretch."""
    begin()
    for _ in range(WARM_UP):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for _ in range(2):  # the first stretch warms up
        begin()
        started.record()
        for _ in range(REPLAYS):
            graph.replay()
        ended.record()
        torch.cuda.synchronize()
    return started.elapsed_time(ended) / 1000 / REPLAYS
