"""Adam with decoupled weight decay."""

from __future__ import annotations

import torch
from torch.optim.optimizer import ParamsT

from ceteris.optim.bounds import Bound, check
from ceteris.optim.eager import eager
from ceteris.registry import register

_AdamW = eager(torch.optim.AdamW)


@register("optimizer")
def adamw(
    parameters: ParamsT,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> torch.optim.Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019; torch.optim.AdamW, fused).

    Args:
        parameters: tensors or parameter groups.
        lr: learning rate, above 0.
        beta1: decay of the mean of the gradient, 0 to below 1.
        beta2: decay of the mean of its square, 0 to below 1.
        eps: added to the root of that mean, above 0.
        weight_decay: every step first shrinks every parameter by lr * weight_decay of itself.

    Raises InputError for values out of bounds.
    """
    check(
        "optimizer 'adamw'",
        Bound("lr", lr, above=0),
        Bound("beta1", beta1, at_least=0, below=1),
        Bound("beta2", beta2, at_least=0, below=1),
        Bound("eps", eps, above=0),
        Bound("weight_decay", weight_decay, at_least=0),
    )
    return _AdamW(parameters, lr, (beta1, beta2), eps, weight_decay, fused=True)
