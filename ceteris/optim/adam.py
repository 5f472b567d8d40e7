"""Adam."""

from __future__ import annotations

import torch
from torch.optim.optimizer import ParamsT

from ceteris.optim.bounds import Bound, check
from ceteris.optim.eager import eager
from ceteris.registry import register

_Adam = eager(torch.optim.Adam)


@register("optimizer")
def adam(
    parameters: ParamsT,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Adam: steps scaled by running means of the gradient and its square (Kingma & Ba 2015; torch.optim.Adam, fused).

    Args:
        parameters: tensors or parameter groups.
        lr: learning rate, above 0.
        beta1: decay of the mean of the gradient, 0 to below 1.
        beta2: decay of the mean of its square, 0 to below 1.
        eps: added to the root of that mean, above 0.
        weight_decay: added to the gradient as weight_decay * parameter, for every parameter (not decoupled: see adamw).

    Raises InputError for values out of bounds.
    """
    check(
        "optimizer 'adam'",
        Bound("lr", lr, above=0),
        Bound("beta1", beta1, at_least=0, below=1),
        Bound("beta2", beta2, at_least=0, below=1),
        Bound("eps", eps, above=0),
        Bound("weight_decay", weight_decay, at_least=0),
    )
    return _Adam(parameters, lr, (beta1, beta2), eps, weight_decay, fused=True)
