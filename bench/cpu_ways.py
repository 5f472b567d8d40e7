"""`python -m bench.cpu_ways`: other ways to take a training step on a CPU, beside the one that is taken.

Measured to know what is given up by not taking them; see docs/results/one-trial.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.cases import BATCH, CHANNELS, CLASSES, CPU_CASES, SIDE, network
from bench.children import measured
from bench.limits import calls_per_second
from bench.tables import markdown
from ceteris.engine.blocks import in_blocks
from ceteris.engine.linear import onednn_is_faster, speed_up_linear
from ceteris.engine.objective import NetworkAndLoss, Objective, compile_objective
from ceteris.engine.randomness import initialise
from ceteris.lab.sharing import usable_cores

AS_IT_IS = "as it is"
MICRO_BATCHES = 4
Step = Callable[[torch.Tensor, torch.Tensor], object]


def rates(model: str, threads: int, repeats: int, seconds: float) -> dict[str, list[float]]:
    """Images per second of every way that the network allows, repeat by repeat; the ways take turns.

    A step is forward and backward pass and AdamW, on images that are there already. Ways that divide the batch are left
    out where the network normalises over it.
    """
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, CHANNELS, SIDE, SIDE, generator=generator)
    labels = torch.randint(0, len(CLASSES), (BATCH,), generator=generator)
    last = images.contiguous(memory_format=torch.channels_last)
    net = partial(_built, model)
    ways: dict[str, Callable[[], object]] = {
        AS_IT_IS: partial(whole(in_blocks(sped_up(net()))), last, labels),
        "torch's default layout": partial(whole(net(torch.contiguous_format)), images, labels),
        "compiled": partial(compiled(net()), last, labels),
    }
    if onednn_is_faster():
        ways["linear layers through MKL"] = partial(whole(in_blocks(net())), last, labels)
    if in_blocks(example := net()) is not example:
        ways["all layers dense"] = partial(whole(sped_up(net())), last, labels)
    if not any(isinstance(module, nn.BatchNorm2d) for module in net().modules()):
        ways[f"{MICRO_BATCHES} parts, one after the other"] = partial(in_turn(net(), MICRO_BATCHES), last, labels)
        ways[f"{threads} parts, a thread each"] = partial(side_by_side(net(), threads), last, labels)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            torch.set_num_threads(threads)
            found[name].append(BATCH * calls_per_second(way, seconds))
    return found


def _built(model: str, layout: torch.memory_format = torch.channels_last) -> nn.Module:
    net: nn.Module = network(model)
    initialise(net, 0)
    return net.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def sped_up(net: nn.Module) -> nn.Module:
    """The network with its linear layers as the engine takes them."""
    speed_up_linear(net)
    return net


def whole(net: nn.Module, objective: Objective | None = None) -> Step:
    """A step on the whole batch, as the engine takes it."""
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True)
    differentiated = NetworkAndLoss(net, functional.cross_entropy) if objective is None else objective

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        _, loss = differentiated(images, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def compiled(net: nn.Module) -> Step:
    """The same, network and loss as one to `torch.compile`. Needs a C++ compiler."""
    return whole(net, compile_objective(NetworkAndLoss(net, functional.cross_entropy)))


def in_turn(net: nn.Module, parts: int) -> Step:
    """Gradients summed over parts of the batch, whose activations are small enough for the caches."""
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True)

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        for some, own in zip(images.chunk(parts), labels.chunk(parts), strict=True):
            loss = functional.cross_entropy(net(some), own, reduction="sum") / len(labels)
            loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def side_by_side(net: nn.Module, parts: int) -> Step:
    """Gradients summed over parts of the batch, each of which has a thread for itself through all layers."""
    parameters = list(net.parameters())
    optimizer = torch.optim.AdamW(parameters, 1e-3, fused=True)
    pool = ThreadPoolExecutor(parts, initializer=torch.set_num_threads, initargs=(1,))

    def gradients(images: torch.Tensor, labels: torch.Tensor, count: int) -> tuple[torch.Tensor, ...]:
        loss = functional.cross_entropy(net(images), labels, reduction="sum") / count
        return torch.autograd.grad(loss, parameters)

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        counts = [len(labels)] * parts
        found = list(pool.map(gradients, images.chunk(parts), labels.chunk(parts), counts))
        for more in found[1:]:
            torch._foreach_add_(found[0], more)
        for parameter, gradient in zip(parameters, found[0], strict=True):
            parameter.grad = gradient
        optimizer.step()

    return step


def main() -> None:
    """Measure every network of the benchmark in a process with the variables of `ceteris`' workers; print a table."""
    rows = []
    for one in CPU_CASES:
        print(one.model, file=sys.stderr, flush=True)
        asked = {"what": "ways", "model": one.model, "threads": usable_cores(), "repeats": 21, "seconds": 0.4}
        found = measured(asked, as_worker=True)
        for name, own in found.items():
            low, middle, high = np.percentile(np.divide(own, found[AS_IT_IS]), (25, 50, 75))
            rows.append([one.model, name, f"{np.median(own):,.0f}", f"{middle:.2f} ({low:.2f} to {high:.2f})"])
    print(markdown(["network", "a step", "images/s", "as it is = 1 (quartiles)"], rows))


if __name__ == "__main__":
    main()
