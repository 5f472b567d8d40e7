"""Cosine annealing."""

from __future__ import annotations

import math

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.optim.schedules.warmup import rise, warmup_bound
from ceteris.registry import register


@register("schedule")
def cosine(steps_per_epoch: int, epochs: int, *, final: float = 0.0, warmup_epochs: float = 0.0) -> Schedule:
    """Half a cosine from the learning rate down, step by step, without restarts (Loshchilov & Hutter 2017).

    Args:
        steps_per_epoch: of the training.
        epochs: of the training.
        final: where the cosine ends, as a share of the learning rate, 0 to 1.
        warmup_epochs: first rise linearly for so long (Goyal et al. 2017); fewer than `epochs`. With w steps of
            warm-up, step t < w has the factor (t + 1) / (w + 1).

    Raises InputError for values out of bounds.
    """
    check(
        "schedule 'cosine'",
        Bound("final", final, at_least=0, at_most=1),
        warmup_bound(warmup_epochs, epochs),
    )
    warmup = round(warmup_epochs * steps_per_epoch)
    annealing = steps_per_epoch * epochs - warmup

    def factor(step: int) -> float:
        if step < warmup:
            return rise(step, warmup)
        return final + (1 - final) * (1 + math.cos(math.pi * (step - warmup) / annealing)) / 2

    return Fixed(factor)
