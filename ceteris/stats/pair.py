"""An arm and the baseline, as far as they can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.contrast import NOT_SURVIVED, ArmScores
from ceteris.stats.intervals import EQUAL, Estimate, difference_of_means, mean_of, no_spread
from ceteris.stats.power import Pairing


@dataclass(frozen=True)
class Pair:
    """Both arms and their difference.

    Attributes:
        arm, baseline: as given.
        seeds: those that both have, in order (all of each when independent).
        differences: arm - baseline per seed; empty when independent.
        difference: their mean, or the difference of means; None without data.
        estimate: of the difference; None when it has no interval.
        correlation: of the two over seeds; None where it says nothing.
    """

    arm: ArmScores
    baseline: ArmScores
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    difference: float | None
    estimate: Estimate | None
    correlation: float | None

    @property
    def identical(self) -> bool:
        """Every seed gave both arms the same score."""
        return len(self.differences) > 1 and max(map(abs, self.differences)) <= EQUAL

    @property
    def unstable(self) -> str:
        """How many trials of which arm did not survive; empty when all did."""
        return "; ".join(filter(None, (_losses(arm) for arm in (self.arm, self.baseline))))


def compare(arm: ArmScores, baseline: ArmScores, pairing: Pairing) -> Pair:
    """Their difference over the seeds that both have when paired, else of their means."""
    if pairing == "independent":
        ours, theirs = list(arm.scores.values()), list(baseline.scores.values())
        gap = float(np.mean(ours) - np.mean(theirs)) if ours and theirs else None
        seeds = tuple(sorted({*arm.scores, *baseline.scores}))
        return Pair(arm, baseline, seeds, (), gap, difference_of_means(ours, theirs), None)
    seeds = tuple(sorted(arm.scores.keys() & baseline.scores.keys()))
    ours, theirs = [arm.scores[seed] for seed in seeds], [baseline.scores[seed] for seed in seeds]
    differences = tuple(one - two for one, two in zip(ours, theirs, strict=True))
    gap = float(np.mean(differences)) if differences else None
    return Pair(arm, baseline, seeds, differences, gap, mean_of(differences), _correlation(ours, theirs))


def _losses(arm: ArmScores) -> str:
    counts = Counter(arm.lost.values())
    planned = len(arm.scores) + len(arm.lost) + len(arm.missing)
    lost = [f"{counts[word]} of {planned} trials {word}" for word in NOT_SURVIVED if counts[word]]
    return f"{arm.name}: {', '.join(lost)}" if lost else ""


def why_untested(pair: Pair, pairing: Pairing) -> str:
    """Why there is no estimate, in words."""
    n = len(pair.seeds) if pairing == "paired" else min(len(pair.arm.scores), len(pair.baseline.scores))
    if n >= 2:
        return f"the same in all {n} seeds: their spread, and so the interval, cannot be estimated"
    lacking = [f"{arm.name}: {count} not finished" for arm in (pair.arm, pair.baseline) if (count := _unfinished(arm))]
    return "; ".join([f"{n} of the 2 or more seeds that an interval needs", *lacking])


def unfinished(pair: Pair, pairing: Pairing) -> bool:
    """Whether trials that have not been run yet would give an interval, or a better one."""
    ours, theirs = ({*arm.scores, *arm.missing} for arm in (pair.arm, pair.baseline))
    if pairing == "paired":
        return len(ours & theirs) > max(1, len(pair.seeds))
    return min(len(ours), len(theirs)) > 1 and bool(pair.arm.missing or pair.baseline.missing)


def _unfinished(arm: ArmScores) -> int:
    return len(arm.missing) + len(arm.lost)


def _correlation(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    if len(ours) < 3 or no_spread(ours) or no_spread(theirs):
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])
