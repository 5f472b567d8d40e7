"""How the trials of a plan share the cores of the CPU: threads a trial, and trials at a time."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ceteris.errors import InputError, Problem
from ceteris.lab.executors.tryout import Tryout, images_per_second
from ceteris.lab.facts import KnownFacts
from ceteris.lab.likely import card_names, kind_of, likely_cards
from ceteris.registry import modules_added
from ceteris.store.records import Store
from ceteris.study.manifest import Plan, PlannedTrial

ExecutorName = Literal["inline", "processes"]
WORTH_SECONDS, WORTH_SHARE = 120.0, 0.1
"""A way to share the cores is measured where it could save so much, and so large a part, of the whole time."""
CLEARLY = 0.05
"""A measured way is taken when it is faster than the counted one by so large a part."""


Say = Callable[[str], None]


def silent(what: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Resources:
    """Where trials run. Nothing here is part of a key.

    Attributes:
        executor: processes when None: only there is a trial that hangs or dies noticed, and the others go on.
        workers: trials at a time; None for one per core on the CPU, or fewer when there are fewer trials, and for one
            on each accelerator.
        device: None for the best there is; "cuda" for all CUDA devices, "cuda:1" for one of them.
        compiled: train through `torch.compile`, on CUDA.

    Raises InputError for fewer workers than one.
    """

    executor: ExecutorName | None = None
    workers: int | None = None
    device: str | None = None
    compiled: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(Problem(f"needs at least 1 worker, not {self.workers}", "--workers"))


def share_cores(
    trials: int, resources: Resources, device: str = "cpu", threads: int | None = None, cards: int = 1
) -> tuple[int, int]:
    """(threads per trial, processes at a time) for a plan of so many trials, on one device or so many cards.

    It depends on the whole plan, not on what is left of it: on the CPU the thread count decides the last bits, and a
    study that was interrupted must come out as one that was not. `threads` are those that were measured and kept with
    the plan; without, one core a trial, or more when there are fewer trials.
    """
    cores = usable_cores()
    if resources.executor == "inline":
        return cores, 1
    if device == "cpu" and threads is not None:
        return threads, resources.workers or max(1, min(cores // threads, trials))
    workers = resources.workers or max(1, min(cores if device == "cpu" else cards, trials))
    return max(1, cores // workers), workers


def facts_for(store: Store, resources: Resources) -> KnownFacts:
    """What the store knows, with the speeds of a run that has these resources. Raises InputError as `KnownFacts`."""
    workers = 1 if resources.executor == "inline" else resources.workers or 1
    on_a_card = -(-workers // likely_spread(resources))
    return KnownFacts(store.root / "facts", resources.device, on_a_card, compiled=resources.compiled)


def likely_share(trials: int, resources: Resources) -> tuple[int, int]:
    """`share_cores` on the kind of device that a run would take, told without importing torch."""
    return share_cores(trials, resources, kind_of(resources.device), cards=likely_spread(resources))


def spread_over(resources: Resources) -> tuple[str, ...]:
    """The cards to which a run deals out its trials, see `card_names`; none where all are trained on one device."""
    if not _deals_out(resources) or device_of(resources) != "cuda":
        return ()
    import torch

    names = card_names(torch.cuda.device_count())
    return names if len(names) > 1 else ()


def likely_spread(resources: Resources) -> int:
    """How many cards that will be, told without importing torch; 1 for one device of whatever kind."""
    dealt = _deals_out(resources) and kind_of(resources.device) == "cuda"
    return max(1, likely_cards()) if dealt else 1


def _deals_out(resources: Resources) -> bool:
    return resources.executor != "inline" and resources.device in (None, "cuda")


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(plan: Plan) -> list[PlannedTrial]:
    """Block by block, the longest trial of a block first."""
    seconds = {arm.name: arm.seconds or 0.0 for arm in plan.arms}
    return sorted(plan.trials, key=lambda trial: (plan.study.block(trial.seed), -seconds[trial.arm]))


def measured_threads(plan: Plan, say: Say = silent) -> int | None:
    """Threads per trial from a short measurement, where another number than the counted one could save much time.

    The arm that takes most of the plan's time is trained for some seconds by every number of threads that is a power of
    two, or all cores; as many at a time as the cores hold. None where it is not worth it, or counting is as good.
    """
    cores, tried = usable_cores(), _tryout(plan)
    counted, _ = share_cores(len({trial.key for trial in plan.trials}), Resources())
    options = sorted({*(2**power for power in range(cores.bit_length())), counted, cores})
    if not worth_measuring(plan, counted, options):
        return None
    say(f"measuring for some seconds how trials share {cores} cores")
    speeds = {threads: images_per_second(tried, threads, cores // threads) for threads in options}
    known = {threads: speed for threads, speed in speeds.items() if speed is not None}
    return fastest(plan, counted, known) if counted in known else None


def worth_measuring(plan: Plan, counted: int, options: Sequence[int]) -> bool:
    """Whether some option would save much if threads helped fully, which they never quite do."""
    # Predicted seconds are those of a trial that has a core for itself.
    spans = {threads: makespan(plan, threads, 1 / threads) for threads in options}
    saved = spans[counted] - min(spans.values())
    return saved > WORTH_SECONDS and saved > WORTH_SHARE * spans[counted]


def fastest(plan: Plan, counted: int, speeds: Mapping[int, float]) -> int | None:
    """The option with which the plan ends first; None when counting is about as good.

    Args:
        plan: its trials, in the order in which they are started.
        counted: what the counts say.
        speeds: threads -> images per second of one trial, beside others of its kind on the other cores.
    """
    spans = {threads: makespan(plan, threads, 1 / speed) for threads, speed in speeds.items()}
    best = min(spans, key=lambda threads: (spans[threads], threads))
    return best if spans[best] < (1 - CLEARLY) * spans[counted] else None


def makespan(plan: Plan, threads: int, slowness: float) -> float:
    """When the last trial ends if all start from nothing, each taking its predicted seconds times `slowness`."""
    seconds = {arm.name: arm.seconds or 0.0 for arm in plan.arms}
    free = [0.0] * max(1, usable_cores() // threads)
    done: set[str] = set()
    for trial in in_order(plan):
        if trial.key not in done:
            done.add(trial.key)
            heapq.heapreplace(free, free[0] + seconds[trial.arm] * slowness)
    return max(free)


def with_shared_cores(plan: Plan, earlier: Plan | None, resources: Resources, missing: int, say: Say = silent) -> Plan:
    """The plan with the threads of its trials decided, on the CPU.

    Args:
        plan: as just made.
        earlier: what was written down when the study ran before. With the same trials, its decision stands.
        resources: where it runs; with a number of workers, or inline, nothing is measured.
        missing: trials to train; with none, nothing is measured.
        say: told before anything is measured.
    """
    same = earlier is not None and {trial.key for trial in earlier.trials} == {trial.key for trial in plan.trials}
    if earlier is not None and same:
        fits = earlier.threads is not None and earlier.threads <= usable_cores()
        return replace(plan, threads=earlier.threads if fits else None)
    if not missing or resources.workers or resources.executor == "inline":
        return plan
    if device_of(resources) != "cpu":
        return plan
    return replace(plan, threads=measured_threads(plan, say))


def device_of(resources: Resources) -> str:
    """The device that is named, or the best there is."""
    from ceteris.engine.device import best_device

    return resources.device or best_device()


def _tryout(plan: Plan) -> Tryout:
    """The arm whose trials take most of the time."""
    times = {arm.name: (arm.seconds or 0.0) * len(plan.trials_of(arm.name)) for arm in plan.arms}
    arm = max(plan.arms, key=lambda each: times[each.name])
    return Tryout(arm.recipe, arm.data, modules_added())
