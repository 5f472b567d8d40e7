"""Large linear layers through oneDNN, on processors where what torch takes for them is slow.

On the CPU torch gives convolutions to oneDNN and matrix products to MKL, which uses AVX-512 on Intel's processors only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ceteris.engine.processor import has_avx512, is_amd

LEAST_WEIGHTS = 2**16
"""Of a layer: below, handing images over to oneDNN costs as much as it saves."""


def onednn_is_faster() -> bool:
    """Whether torch would give matrix products to MKL, and MKL would not use this processor's AVX-512."""
    return has_avx512() and is_amd() and bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]


def speed_up_linear(model: nn.Module) -> None:
    """Let the model's large `nn.Linear` layers go through oneDNN, where that is faster.

    They keep their parameters and names, and compute the same but for the order of sums.
    """
    if not onednn_is_faster():
        return
    for module in model.modules():
        if type(module) is nn.Linear and module.weight.numel() >= LEAST_WEIGHTS:
            module.__class__ = _Linear


class _Linear(nn.Linear):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        plain = input.device.type == "cpu" and input.dtype == self.weight.dtype == torch.float32 and input.ndim == 2
        if not plain or torch.is_autocast_enabled("cpu") or torch._C._are_functorch_transforms_active():
            return super().forward(input)
        output: torch.Tensor = _Product.apply(input, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return output


class _Product(torch.autograd.Function):
    """`functional.linear` of dense tensors, with oneDNN's own gradients; these have none of their own."""

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.blocked = inputs.to_mkldnn()
        return functional.linear(ctx.blocked, weight, bias).to_dense()

    @staticmethod
    def backward(ctx: Any, ahead: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (inputs, weight), wanted = ctx.saved_tensors, ctx.needs_input_grad
        if torch.is_grad_enabled():  # a gradient of this gradient will be asked for
            return ahead @ weight, ahead.mT @ inputs, ahead.sum(0) if wanted[2] else None
        gradients = torch.ops.aten.mkldnn_linear_backward(ctx.blocked, ahead.to_mkldnn(), weight, wanted)
        return tuple(own.to_dense() if want else None for own, want in zip(gradients, wanted, strict=True))
