"""torch's optimizers without their ties to `torch.compile`, for which each imports its compiler when it is made.

That takes nearly as long as importing torch itself, in every process that trains, and nothing here compiles a step.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch.autograd import profiler
from torch.optim import Optimizer
from torch.optim import optimizer as torchs

Kind = TypeVar("Kind", bound=Optimizer)
TIED = ("add_param_group", "state_dict", "load_state_dict")


def eager(kind: type[Kind]) -> type[Kind]:
    """That optimizer, with methods as they were before torch wrapped them.

    A step is still taken without gradients, and announced to hooks and to torch's profiler where there are any: that
    takes 0.1 ms, as long as the whole step of a small network.
    """
    unwrapped = {name: inspect.unwrap(getattr(kind, name)) for name in TIED}
    silent = torch.no_grad()(inspect.unwrap(kind.step))
    announced = Optimizer.profile_hook_step(silent)

    def step(self: Optimizer, closure: Callable[[], float] | None = None) -> Any:
        return (announced if _has_listeners(self) else silent)(self, closure)

    step.hooked = True  # type: ignore[attr-defined]  # torch's mark of a step that it need not wrap
    return cast("type[Kind]", type(kind.__name__, (kind,), {**unwrapped, "step": step}))


def _has_listeners(optimizer: Optimizer) -> bool:
    own = optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks
    every = torchs._global_optimizer_pre_hooks or torchs._global_optimizer_post_hooks
    return bool(own or every or profiler._is_profiler_enabled)
