"""Stochastic gradient descent that now and then goes back to a moving average of its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim.optimizer import ParamsT

from ceteris.optim.bounds import Bound, check
from ceteris.optim.eager import eager
from ceteris.registry import register


@register("optimizer")
def lookahead_sgd(
    parameters: ParamsT,
    steps_per_epoch: int,
    epochs: int,
    *,
    lr: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    every: int = 5,
    decay: float = 0.95,
) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum; every few steps its weights move a moving average and start again from it.

    Lookahead (Zhang et al. 2019) with the growing decay of Jordan 2024 (arXiv 2404.00498, section 3.4). At step t of T
    the average keeps the share decay^every * (t / T)^3 of itself; the last step ends on the average.

    Args:
        parameters: tensors or parameter groups.
        steps_per_epoch, epochs: of the training.
        lr: learning rate, above 0.
        momentum: above 0, below 1.
        weight_decay: added to the gradient as weight_decay * parameter, for every parameter.
        every: steps between two moves of the average.
        decay: a step's, at the end of training; 0 to 1.

    Raises InputError for values out of bounds.
    """
    check(
        "optimizer 'lookahead-sgd'",
        Bound("lr", lr, above=0),
        Bound("momentum", momentum, above=0, below=1),
        Bound("weight_decay", weight_decay, at_least=0),
        Bound("every", every, at_least=1),
        Bound("decay", decay, at_least=0, at_most=1),
    )
    return _LookaheadSGD(
        parameters, steps_per_epoch * epochs, every, decay, lr=lr, momentum=momentum, weight_decay=weight_decay
    )


class _LookaheadSGD(eager(torch.optim.SGD)):  # type: ignore[misc]
    """Counts its steps on the device: what it does at one may not depend on the host, which only replays it."""

    def __init__(self, parameters: ParamsT, steps: int, every: int, decay: float, **options: float) -> None:
        super().__init__(parameters, nesterov=True, fused=True, **options)
        self.steps, self.every, self.kept_at_end = steps, every, decay**every

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        moving = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        for parameter in moving:
            if "average" not in self.state[parameter]:
                self.state[parameter]["average"] = parameter.clone(memory_format=torch.preserve_format)
        loss = super().step(closure)
        if not moving:
            return loss
        done = self.state[moving[0]].setdefault("done", torch.zeros((), device=moving[0].device))
        done += 1
        due, over = done % self.every == 0, done >= self.steps
        share = due * (1 - self.kept_at_end * (done / self.steps) ** 3)
        back = (due | over).to(share.dtype)
        for parameter in moving:
            average = self.state[parameter]["average"]
            average.lerp_(parameter, share)
            parameter.lerp_(average, back)
        return loss
