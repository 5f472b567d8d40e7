"""One cycle: up to a large learning rate and down to almost nothing."""

from __future__ import annotations

import math

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.registry import register


@register("schedule")
def one_cycle(
    steps_per_epoch: int, epochs: int, *, rise: float = 0.3, start: float = 0.04, final: float = 4e-6
) -> Schedule:
    """Half a cosine up to the learning rate, then half a cosine down (Smith & Topin 2018, "Super-convergence").

    The recipe's learning rate is the highest one. Cosines where the paper has straight lines, and its defaults, as
    torch's OneCycleLR; unlike that, the momentum is left alone.

    Args:
        steps_per_epoch, epochs: of the training.
        rise: share of all steps on the way up, 0 to below 1.
        start: where the way up begins, as a share of the learning rate, 0 to 1.
        final: where the way down ends, as a share of the learning rate, 0 to 1.

    Raises InputError for values out of bounds.
    """
    check(
        "schedule 'one-cycle'",
        Bound("rise", rise, at_least=0, below=1),
        Bound("start", start, at_least=0, at_most=1),
        Bound("final", final, at_least=0, at_most=1),
    )
    last = steps_per_epoch * epochs - 1
    top = max(rise * (last + 1) - 1, 0.0)

    def factor(step: int) -> float:
        if step <= top:
            return _cosine(start, 1.0, step / top if top else 1.0)
        return _cosine(1.0, final, (step - top) / (last - top))

    return Fixed(factor)


def _cosine(begin: float, end: float, share: float) -> float:
    return end + (begin - end) * (1 + math.cos(math.pi * share)) / 2
