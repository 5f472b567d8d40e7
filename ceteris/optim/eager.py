"""torch's optimizers without their ties to `torch.compile`, for which each imports its compiler when it is made.

That takes nearly as long as importing torch itself, in every process that trains, and nothing here compiles a step.
"""

from __future__ import annotations

import inspect
from typing import TypeVar, cast

import torch

Kind = TypeVar("Kind", bound=torch.optim.Optimizer)
TIED = ("add_param_group", "state_dict", "load_state_dict")


def eager(kind: type[Kind]) -> type[Kind]:
    """That optimizer, with methods as they were before torch wrapped them; a step is still taken without gradients."""
    unwrapped = {name: inspect.unwrap(getattr(kind, name)) for name in TIED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return cast("type[Kind]", type(kind.__name__, (kind,), {**unwrapped, "step": step}))
