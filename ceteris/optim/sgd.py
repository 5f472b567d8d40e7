"""Stochastic gradient descent."""

from __future__ import annotations

import torch
from torch.optim.optimizer import ParamsT

from ceteris.errors import InputError, Problem
from ceteris.optim.bounds import Bound, check
from ceteris.optim.eager import eager
from ceteris.registry import register

_SGD = eager(torch.optim.SGD)


@register("optimizer")
def sgd(
    parameters: ParamsT, *, lr: float, momentum: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False
) -> torch.optim.Optimizer:
    """Stochastic gradient descent, with momentum if asked (Sutskever et al. 2013; torch.optim.SGD, fused).

    Args:
        parameters: tensors or parameter groups.
        lr: learning rate, above 0.
        momentum: 0 to below 1; the velocity is not damped: v = momentum * v + gradient.
        weight_decay: added to the gradient as weight_decay * parameter, for every parameter.
        nesterov: step along gradient + momentum * v; needs a momentum.

    Raises InputError for values out of bounds.
    """
    check(
        "optimizer 'sgd'",
        Bound("lr", lr, above=0),
        Bound("momentum", momentum, at_least=0, below=1),
        Bound("weight_decay", weight_decay, at_least=0),
    )
    if nesterov and momentum == 0:
        raise InputError(Problem("optimizer 'sgd': nesterov needs a momentum above 0", "nesterov", "try momentum: 0.9"))
    return _SGD(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov, fused=True)
