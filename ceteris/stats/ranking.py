"""How certain a ranking of arms is: an interval for every rank, and the probability of being the best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.contrast import NOT_SURVIVED, ArmScores
from ceteris.stats.family import holm
from ceteris.stats.intervals import Estimate, difference_of_means, mean_of, no_spread
from ceteris.stats.power import Pairing
from ceteris.study.streams import stream

DRAWS = 40_000
"""Enough for two digits of a probability: its Monte Carlo standard error is at most 0.0025."""


@dataclass(frozen=True)
class Rank:
    """One arm's place among all arms; 1 is the highest score.

    Attributes:
        arm: name.
        mean: over its scores; None without any.
        low, high: the interval of its rank; all intervals together hold with probability 1 - alpha.
        best: probability that its mean is the highest of the arms that have one; None for an arm without.
    """

    arm: str
    mean: float | None
    low: int
    high: int
    best: float | None


@dataclass(frozen=True)
class MeanDraws:
    """Draws of the arms' means, as `mean_draws` makes them.

    Attributes:
        arms: names of those that have draws.
        means: float64 [draws, arms].
    """

    arms: tuple[str, ...]
    means: np.ndarray

    def best(self) -> dict[str, float]:
        """Arm -> share of the draws in which its mean is the highest; equals share a draw."""
        if not self.arms:
            return {}
        top = self.means == self.means.max(axis=1, keepdims=True)
        return dict(zip(self.arms, (top / top.sum(axis=1, keepdims=True)).mean(axis=0).tolist(), strict=True))


def ranks(arms: Sequence[ArmScores], alpha: float, pairing: Pairing = "paired") -> list[Rank]:
    """Every arm's mean, rank interval and probability of being best, in the order given.

    The probability assumes more than the interval does (see `rank_intervals` and `mean_draws`), and is not adjusted
    for picking the winner.
    """
    best = mean_draws(arms, pairing).best()
    return [
        Rank(arm.name, float(np.mean(list(arm.scores.values()))) if arm.scores else None, low, high, best.get(arm.name))
        for arm, (low, high) in zip(arms, rank_intervals(arms, alpha, pairing), strict=True)
    ]


def rank_intervals(arms: Sequence[ArmScores], alpha: float, pairing: Pairing = "paired") -> list[tuple[int, int]]:
    """(lowest, highest) rank of every arm, in the order given; all hold together with probability 1 - alpha.

    All k(k - 1) one-sided hypotheses "this arm is no better than that one" are tested by t-tests over the shared seeds
    (Welch's when independent) and Holm's rule (1979). Whatever their dependence, the chance of any false "better" is at
    most alpha, and else every rank lies between 1 + arms shown better and k - arms shown worse (Mogstad, Romano, Shaikh
    and Wilhelm 2024). An arm with a trial that diverged or failed is not tested: its rank stays open.

    Args:
        arms: of one study.
        alpha: error rate of all intervals together.
        pairing: as planned.
    """
    order = list(itertools.permutations(range(len(arms)), 2))
    steps = holm([_p_better(arms[one], arms[two], pairing) for one, two in order], alpha)
    shown = [pair for pair, step in zip(order, steps, strict=True) if step.rejected]
    return [
        (1 + sum(worse == place for _, worse in shown), len(arms) - sum(better == place for better, _ in shown))
        for place in range(len(arms))
    ]


def mean_draws(arms: Sequence[ArmScores], pairing: Pairing = "paired", draws: int = DRAWS) -> MeanDraws:
    """Draws of the arms' true means given their scores: normal scores, flat priors.

    Paired: a multivariate t with n - 1 degrees of freedom over the n seeds that the arms share. Every arm keeps its own
    spread, and all pairs have one correlation, the mean of those measured: a block is taken to move all arms alike, as
    so few seeds cannot tell more. Of two arms the difference is then distributed as in the paired t-test; and an arm
    with a large spread makes neither the others uncertain nor itself certain, as a variance common to all would.
    Independent: Student's t of each arm by itself.

    Left out, as their spread is unknown: arms with fewer than 2 (shared) scores and those whose scores are all the
    same; and arms with a trial that diverged or failed, whose scores are a selection. With fewer than 2 arms there is
    nothing to compare, and no draws. The stream is fixed: the same scores give the same draws.

    Args:
        arms: of one study.
        pairing: as planned.
        draws: how many.
    """
    whole = [arm for arm in arms if not _lost(arm) and len(arm.scores) > 1]
    if pairing == "paired":
        shared = sorted(set[int].intersection(*(set(arm.scores) for arm in whole))) if whole else []
        rows = {arm.name: [arm.scores[seed] for seed in shared] for arm in whole if len(shared) > 1}
    else:
        rows = {arm.name: list(arm.scores.values()) for arm in whole}
    rows = {name: row for name, row in rows.items() if not no_spread(row)}
    if len(rows) < 2:
        return MeanDraws((), np.empty((draws, 0)))
    generator = stream(0, "ranking")
    normal = generator.standard_normal((draws, len(rows)))
    counts = np.array([len(row) for row in rows.values()])
    if pairing == "paired":
        normal = _correlated(normal, list(rows.values()))
        chi2 = generator.chisquare(counts[0] - 1, (draws, 1))
    else:
        chi2 = generator.chisquare(counts - 1, (draws, len(rows)))
    centre = np.array([np.mean(row) for row in rows.values()])
    error = np.array([np.std(row, ddof=1) for row in rows.values()]) / np.sqrt(counts)
    return MeanDraws(tuple(rows), centre + error * normal * np.sqrt((counts - 1) / chi2))


def _correlated(normal: np.ndarray, rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Independent draws [draws, k] given the rows' mean correlation r, by the root of (1 - r) I + r J."""
    k = len(rows)
    r = float(np.clip((np.corrcoef(rows).sum() - k) / (k * (k - 1)), -1 / (k - 1), 1))
    own = math.sqrt(1 - r)
    common = (math.sqrt(max(0.0, 1 + (k - 1) * r)) - own) / k
    return np.asarray(own * normal + common * normal.sum(axis=1, keepdims=True))


def _p_better(ours: ArmScores, theirs: ArmScores, pairing: Pairing) -> float | None:
    """One-sided p of "no better"; None when the two cannot be compared."""
    if _lost(ours) or _lost(theirs):
        return None
    estimate = _difference(ours, theirs, pairing)
    if estimate is None:
        return None
    half = estimate.p() / 2
    return half if estimate.value > 0 else 1 - half


def _difference(ours: ArmScores, theirs: ArmScores, pairing: Pairing) -> Estimate | None:
    if pairing == "independent":
        return difference_of_means(list(ours.scores.values()), list(theirs.scores.values()))
    return mean_of([ours.scores[seed] - theirs.scores[seed] for seed in sorted(ours.scores.keys() & theirs.scores)])


def _lost(arm: ArmScores) -> bool:
    return any(status in NOT_SURVIVED for status in arm.lost.values())
