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


def limit_share(rate: float, flops_per_image: float, *limits: float) -> float:
    """Operations per second of a training at `rate` images per second, over the highest of the limits."""
    return rate * flops_per_image / max(limits)
