"""Several arms against one baseline when all arms' seeds spread alike (Dunnett 1955)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ceteris.stats.family import Step
from ceteris.stats.intervals import EQUAL, Estimate

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_FAR = 8.5
"""Standard deviations beyond which nothing happens."""


def pooled_differences(arms: Sequence[Sequence[float]]) -> list[Estimate | None]:
    """Each later arm's mean minus the first arm's, with one error variance pooled over all arms.

    Args:
        arms: independent scores, baseline first; an empty arm cannot be compared.

    None for an arm, or all arms, without a score or without any spread to measure.
    """
    used = [scores for scores in arms if scores]
    freedom = sum(map(len, used)) - len(used)
    squares = sum(float(np.var(scores)) * len(scores) for scores in used)
    baseline, *others = arms
    if not baseline or freedom < 1 or math.sqrt(squares) <= EQUAL:
        return [None] * len(others)
    found: list[Estimate | None] = []
    for scores in others:
        if not scores:
            found.append(None)
            continue
        share = 1 / len(scores) + 1 / len(baseline)
        gap = float(np.mean(scores) - np.mean(baseline))
        found.append(Estimate(gap, math.sqrt(squares / freedom * share), freedom, 2 / share))
    return found


def dunnett(estimates: Sequence[Estimate | None], sizes: Sequence[int], alpha: float) -> list[Step]:
    """Dunnett's single-step test: the chance of any false rejection is alpha, if all arms have the same spread.

    It is exact for equal and unequal numbers of seeds, by integrating over the baseline's mean and the pooled sd, and
    uses what Holm's rule does not: that all contrasts share a baseline. One arm with a larger spread breaks it.

    Args:
        estimates: of the later arms, from `pooled_differences`; None for one that is not tested and still counts.
        sizes: scores of every arm, baseline first.
        alpha: error rate of the family.
    """
    known = [estimate for estimate in estimates if estimate]
    if not known:
        return [Step(None, alpha / max(1, len(estimates)), False) for _ in estimates]
    freedom, baseline = known[0].freedom, sizes[0]
    shares = np.array([size / (size + baseline) if size else 0.5 for size in sizes[1:]])
    level = _level(alpha, shares, freedom)
    steps = []
    for estimate in estimates:
        p = _exceeds(abs(estimate.value) / estimate.error, shares, freedom) if estimate else None
        steps.append(Step(p, level, p is not None and p <= alpha))
    return steps


def _level(alpha: float, shares: np.ndarray, freedom: float) -> float:
    """The two-sided level of one t-test whose critical value the largest of all |t| exceeds with chance alpha."""
    from scipy.optimize import brentq
    from scipy.special import stdtr, stdtrit

    critical = [float(stdtrit(freedom, 1 - level / 2)) for level in (alpha, alpha / len(shares))]
    if len(shares) > 1:
        critical[0] = brentq(lambda c: _exceeds(c, shares, freedom) - alpha, critical[0] * 0.999, critical[1] * 1.001)
    return 2 * float(stdtr(freedom, -critical[0]))


def _exceeds(bound: float, shares: np.ndarray, freedom: float) -> float:
    """The chance that any |t| exceeds the bound where no arm differs.

    Given the baseline's standardised mean z, and the ratio s of the estimated to the true sd, the t values are
    independent: t_i s is normal with mean -sqrt(share_i) z and variance 1 - share_i.
    """
    from scipy.special import gammaincinv, gammaln, ndtr

    z, z_weight = _FAR * _NODES, _FAR * _WEIGHTS * np.exp(-((_FAR * _NODES) ** 2) / 2) / math.sqrt(2 * math.pi)
    ends = [math.sqrt(2 / freedom * float(gammaincinv(freedom / 2, p))) for p in (1e-14, 1 - 1e-14)]
    s = (ends[0] + ends[1]) / 2 + (ends[1] - ends[0]) / 2 * _NODES
    density = (
        (freedom - 1) * np.log(s) - freedom * s**2 / 2 + freedom / 2 * math.log(freedom / 2) - gammaln(freedom / 2)
    )
    s_weight = (ends[1] - ends[0]) * _WEIGHTS * np.exp(density)
    scale = np.sqrt(1 - shares)[:, None, None]
    centre, reach = np.sqrt(shares)[:, None, None] * z[:, None], bound * s
    within = ndtr((reach + centre) / scale) - ndtr((centre - reach) / scale)
    return float(min(1.0, max(0.0, 1 - z_weight @ within.prod(axis=0) @ s_weight)))
