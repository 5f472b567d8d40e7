"""When more seeds are hopeless: stochastic curtailment, which stops an arm and never declares it a winner."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ceteris.stats.intervals import Estimate

HOPELESS = 0.1
"""Conditional power below which an arm is stopped."""


def conditional_power(
    estimate: Estimate, seeds: int, margin: float, levels: tuple[float, float], confidence: float = 0.95
) -> float:
    """The chance that `seeds` seeds show the arm better, or practically the same, given those that are there.

    Stochastic curtailment (Lan, Simon and Halperin 1982), on the most favourable values that the data leave open: the
    upper confidence bound of the difference (for "practically the same", whatever value of its interval is best), and
    the lower one of the spread. The larger of the two chances.

    Args:
        estimate: of the difference, arm - baseline, so far.
        seeds: at the last look, more than there are now.
        margin: smallest difference that matters.
        levels: of the two-sided test of a difference, and of each one-sided test of equivalence, at that look.
        confidence: of the bounds, each two-sided.
    """
    from scipy.special import chdtri, ndtr, stdtrit

    now, freedom = estimate.n, estimate.freedom
    left, final = seeds - now, freedom * (seeds - 1) / (now - 1)
    sd = estimate.error * math.sqrt(now) * math.sqrt(freedom / float(chdtri(freedom, (1 - confidence) / 2)))
    low, high = estimate.interval(1 - confidence)
    error, spread = sd / math.sqrt(seeds), sd * math.sqrt(left) / seeds
    bar = float(stdtrit(final, 1 - levels[0] / 2)) * error
    better = float(ndtr(((now * estimate.value + left * high) / seeds - bar) / spread))
    room = margin - float(stdtrit(final, 1 - levels[1])) * error
    best = min(max(-now * estimate.value / left, low), high)
    mean = (now * estimate.value + left * best) / seeds
    same = float(ndtr((room - mean) / spread) - ndtr((-room - mean) / spread))
    return max(better, same)
