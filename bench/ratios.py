"""Ratios of rates measured in turn, with their spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of some repeats."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Of ours to theirs, repeat by repeat: what slows the whole machine down for a while cancels."""
    return spread([one / other for one, other in zip(ours, theirs, strict=True)])


def one_trial_more(cores: int, one_core_each: Sequence[float], all_cores: Sequence[float]) -> Spread:
    """Time of a plan of one trial more than cores with one core a trial, over that with all cores for one trial.

    One core a trial takes two rounds, the second for a single trial; all cores take the trials one after the other.

    Args:
        cores: of the machine.
        one_core_each: images per second of as many trials as cores together, repeat by repeat.
        all_cores: of one trial on all cores.
    """
    rounds = [2 * cores / together for together in one_core_each]
    return spread([time / ((cores + 1) / rate) for time, rate in zip(rounds, all_cores, strict=True)])


def limit_share(rate: float, flops_per_image: float, *limits: float) -> float:
    """Operations per second of a training at `rate` images per second, over the highest of the limits."""
    return rate * flops_per_image / max(limits)
