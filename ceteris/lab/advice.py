"""What a user should know before trials are trained: a precision or a device that would be used badly."""

from __future__ import annotations

from ceteris.lab.executors.mps import control_program
from ceteris.lab.facts import is_small
from ceteris.lab.likely import kind_of
from ceteris.lab.sharing import Resources, device_of, likely_spread, usable_cores
from ceteris.study.manifest import Plan

SIDE_BY_SIDE = 8


def advice(plan: Plan, resources: Resources, left: int) -> list[str]:
    """Sentences for the user, before so many trials of the plan are trained with these resources."""
    return [*_slow_precision(plan, resources), *_idle_card(plan, resources, left)] if left else []


def _slow_precision(plan: Plan, resources: Resources) -> list[str]:
    """Trials in bf16 on a device that computes it in software. Imports torch only for bf16."""
    if all(arm.recipe["precision"] != "bf16" for arm in plan.arms):
        return []
    from ceteris.engine.device import computes_bf16

    device = device_of(resources)
    if computes_bf16(device):
        return []
    what = f"{device} has no instructions for bf16 here, and may be ten times slower in it than in fp32"
    return [f"{what}; with --set precision=fp32 the trials are others"]


def _idle_card(plan: Plan, resources: Resources, left: int) -> list[str]:
    """Small networks one after another on a card that could take several."""
    cards = likely_spread(resources)
    at_a_time = min(SIDE_BY_SIDE * cards, left, usable_cores())
    chosen = resources.workers or resources.executor == "inline"
    if chosen or at_a_time < 2 * cards or kind_of(resources.device) != "cuda" or control_program() is None:
        return []
    if not all(is_small(arm.recipe, arm.model) for arm in plan.arms):
        return []
    what = "networks as small as these leave most of a GPU idle"
    return [f"{what}; ceteris run with --workers {at_a_time} trains {at_a_time} trials at a time, about twice as fast"]
