"""How large a paired difference is beside its own spread, and what pairing bought. Arrays in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.intervals import mean_of, no_spread

LARGEST_T = 300.0
"""Up to which scipy inverts the noncentral t; its series takes minutes beyond 1e5."""


@dataclass(frozen=True)
class EffectSize:
    """A paired difference in units of its own standard deviation over seeds.

    It says how far the seeds agree, not whether the difference matters: a tiny difference that every seed shows alike
    is a large effect.

    Attributes:
        d: Cohen's d_z, mean / sd of the differences (Cohen 1988).
        g: d with Hedges' small-sample correction (Hedges 1981), nearly unbiased.
        interval: of the true d_z at confidence 1 - alpha, exact for normal differences, by the noncentral t
            distribution (Steiger and Fouladi 1997).
    """

    d: float
    g: float
    interval: tuple[float, float]


def paired_effect(differences: Sequence[float], alpha: float) -> EffectSize | None:
    """The effect size of one difference per seed.

    None for fewer than 3 differences, from which no correction exists, and for differences without spread.

    Args:
        differences: arm - baseline per seed.
        alpha: the interval's error rate.
    """
    from scipy.special import gammaln

    n, estimate = len(differences), mean_of(differences)
    if n < 3 or estimate is None:
        return None
    freedom, t = n - 1, estimate.value / estimate.error
    d = t / math.sqrt(n)
    correction = math.sqrt(2 / freedom) * math.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2))
    low, high = sorted(_shift(freedom, t, p) / math.sqrt(n) for p in (alpha / 2, 1 - alpha / 2))
    return EffectSize(d, correction * d, (low, high))


def pairing_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Variance of the paired differences over what it would be without pairing, var(ours) + var(theirs).

    Below 1 pairing bought something: 0.5 is worth twice as many seeds. Above 1 it cost. It is 1 for arms that are not
    correlated. None for fewer than 3 pairs, and when neither arm has any spread.

    Args:
        ours, theirs: scores of the two arms, in the order of the seeds that they share.
    """
    if len(ours) < 3 or (no_spread(ours) and no_spread(theirs)):
        return None
    apart = np.subtract(ours, theirs)
    return float(np.var(apart, ddof=1) / (np.var(ours, ddof=1) + np.var(theirs, ddof=1)))


def _shift(freedom: float, t: float, p: float) -> float:
    """The noncentrality with P(T <= t) = p; of a large t its limit, t times the quantile of sqrt(chi^2 / freedom)."""
    from scipy.special import chdtri, nctdtrinc

    if abs(t) <= LARGEST_T:
        return float(nctdtrinc(freedom, p, t))
    return t * math.sqrt(float(chdtri(freedom, p if t > 0 else 1 - p)) / freedom)
