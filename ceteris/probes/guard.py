"""Looking at a model without leaving a trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Inside, do anything to the model's tensors; afterwards they have the bits that they had before.

    Restored: parameters, buffers, gradients, `requires_grad` and the training mode of every module. Costs a copy of
    them all.
    """
    tensors = [*model.parameters(), *model.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    gradients = [(tensor.grad, None if tensor.grad is None else tensor.grad.clone()) for tensor in tensors]
    needed = [tensor.requires_grad for tensor in tensors]
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value, (gradient, kept), need in zip(tensors, values, gradients, needed, strict=True):
                tensor.requires_grad_(need)
                tensor.copy_(value)
                tensor.grad = gradient
                if gradient is not None and kept is not None:
                    gradient.copy_(kept)
        for module, mode in modes:
            module.training = mode
