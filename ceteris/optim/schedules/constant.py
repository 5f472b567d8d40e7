"""No schedule."""

from __future__ import annotations

from ceteris.optim.kind import Schedule
from ceteris.optim.schedules.fixed import Fixed
from ceteris.registry import register


@register("schedule")
def constant() -> Schedule:
    """The recipe's learning rate throughout."""
    return Fixed(lambda step: 1.0)
