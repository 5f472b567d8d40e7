"""What a step differentiates: the loss of a batch. Network and loss in one, so that both can be compiled together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ceteris.optim.kind import Loss

Objective = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Images and labels to logits float32 [b, classes] and their loss, a scalar."""

COMPILER: dict[str, Any] = {"dynamic": False, "options": {"combo_kernels": True}}
"""For one size of a batch. Operators that do not wait for one another are one kernel, such as roundings of weights."""

NETWORKS = 128
"""Compiled at most in one process; torch trains what comes after its limit, eight, as it is, and only warns."""


class NetworkAndLoss(nn.Module):
    """The logits of a batch in fp32, and their loss."""

    def __init__(self, network: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.network(images).float()
        return logits, self.loss(logits, labels)


def compile_objective(objective: nn.Module) -> Objective:
    """Its compiled form. What is compiled is kept in the process, for every network and loss of the same shape."""
    torch.compiler.config.recompile_limit = max(NETWORKS, torch.compiler.config.recompile_limit)
    compiled: Objective = torch.compile(objective, **COMPILER)
    return compiled
