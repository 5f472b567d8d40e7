"""What a card does at best: a bare matrix product, and a network's convolutions with nothing between them."""

from __future__ import annotations

import time
from collections import Counter

import torch
from torch.nn import functional

from bench.cases import Case, network
from ceteris.models.counting import count

DEVICE = "cuda"
SIDE, PRODUCTS = 8192, 50
RECORDED, REPLAYS = 4, 10


def matmul_flops() -> float:
    """Operations per second of a bf16 matrix product of 8192 x 8192."""
    a, b = (torch.randn(SIDE, SIDE, device=DEVICE, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(PRODUCTS):
        a @ b
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(PRODUCTS):
        a @ b
    torch.cuda.synchronize()
    return 2 * SIDE**3 * PRODUCTS / (time.perf_counter() - begun)


def convolutions_alone(one: Case, batch: int) -> float:
    """Images per second if a training step were the network's convolutions in bf16, forward and backward, and no more.

    Each is timed by itself, in channels_last, as a CUDA graph, with the algorithm that cuDNN finds fastest.
    """
    model = network(one.model)
    modules = dict(model.named_modules())
    shapes = Counter(
        (layer.input_shape, tuple(modules[layer.name].weight.shape), modules[layer.name].stride[0])
        for layer in count(model, 3, 32).layers
        if layer.kind == "Conv2d"
    )
    with torch.backends.cudnn.flags(enabled=True, benchmark=True):
        return batch / sum(times * _seconds(batch, *shape) for shape, times in shapes.items())


def _seconds(batch: int, image: tuple[int, ...], kernel: tuple[int, ...], stride: int) -> float:
    def made(*shape: int, needs: bool) -> torch.Tensor:
        drawn = torch.randn(shape, device=DEVICE, dtype=torch.bfloat16)
        return drawn.to(memory_format=torch.channels_last).requires_grad_(needs)

    first = image[0] == 3  # nobody needs the gradient of the images
    inputs, weight = made(batch, *image, needs=not first), made(*kernel, needs=True)

    def step() -> None:
        output = functional.conv2d(inputs, weight, stride=stride, padding=kernel[-1] // 2)
        torch.autograd.grad(output, [weight] if first else [weight, inputs], grad_outputs=output.detach())

    for _ in range(3):
        step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(RECORDED):
            step()
    graph.replay()
    begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begun.record()
    for _ in range(REPLAYS):
        graph.replay()
    ended.record()
    torch.cuda.synchronize()
    return begun.elapsed_time(ended) / 1000 / (RECORDED * REPLAYS)
