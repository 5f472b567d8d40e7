"""A mean and its t-distributed error: intervals, the t-test and the two one-sided tests of equivalence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EQUAL = 1e-12
"""Values this close are the same number: scores are fractions of whole images, what is left is rounding."""


@dataclass(frozen=True)
class Estimate:
    """An estimated mean, or difference of means.

    Attributes:
        value: the estimate.
        error: its standard error, above 0.
        freedom: degrees of freedom of the error; not whole for Welch's test.
        n: seeds behind it; for two independent arms the harmonic mean of their counts.
    """

    value: float
    error: float
    freedom: float
    n: float

    @property
    def arm_sd(self) -> float:
        """Seed sd of one arm that gives a difference this error: sqrt(n / 2) * error."""
        return self.error * math.sqrt(self.n / 2)

    def interval(self, alpha: float) -> tuple[float, float]:
        """The two-sided t interval at confidence 1 - alpha."""
        from scipy.special import stdtrit

        reach = float(stdtrit(self.freedom, 1 - alpha / 2)) * self.error
        return self.value - reach, self.value + reach

    def p(self, against: float = 0.0) -> float:
        """Two-sided p of the t-test that the true value is `against`."""
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.value - against) / self.error))

    def p_equivalent(self, margin: float) -> float:
        """p of the two one-sided tests that the true value lies within -margin and margin (Schuirmann 1987)."""
        from scipy.special import stdtr

        return float(stdtr(self.freedom, (abs(self.value) - margin) / self.error))


def mean_of(values: Sequence[float]) -> Estimate | None:
    """The mean of n values with n - 1 degrees of freedom; None for fewer than 2 values or values without spread."""
    n = len(values)
    if n < 2 or no_spread(values):
        return None
    return Estimate(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(n), n - 1, n)


def difference_of_means(first: Sequence[float], second: Sequence[float]) -> Estimate | None:
    """mean(first) - mean(second), spreads not assumed equal (Welch 1947).

    None when either has fewer than 2 values, or neither has any spread.
    """
    if min(len(first), len(second)) < 2 or (no_spread(first) and no_spread(second)):
        return None
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (first, second)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (first, second), strict=True))
    n = 2 / (1 / len(first) + 1 / len(second))
    return Estimate(float(np.mean(first) - np.mean(second)), math.sqrt(sum(parts)), freedom, n)


def no_spread(values: Sequence[float]) -> bool:
    """Whether all values are the same number."""
    return float(np.ptp(values)) <= EQUAL


def mean_interval(scores: Sequence[float], alpha: float) -> tuple[float, float] | None:
    """(low, high): the t interval of one arm's mean over seeds, at confidence 1 - alpha.

    None for fewer than 2 scores, and for scores that are all the same: their spread is not known, it is not 0.
    """
    estimate = mean_of(scores)
    return None if estimate is None else estimate.interval(alpha)


@dataclass(frozen=True)
class AgainstPublished:
    """One arm against a published number, as fractions.

    Attributes:
        difference: our mean - published.
        interval: of the difference, at confidence 1 - alpha.
        p: two-sided, of the one-sample t-test.
        inside: the published number lies in the interval of our mean.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    inside: bool


def one_sample(scores: Sequence[float], published: float, alpha: float) -> AgainstPublished | None:
    """One-sample t-test (Student 1908) of an arm's scores against a published number.

    None for fewer than 2 scores, and for scores that are all the same.
    """
    estimate = mean_of([score - published for score in scores])
    if estimate is None:
        return None
    low, high = estimate.interval(alpha)
    return AgainstPublished(estimate.value, (low, high), estimate.p(), low <= 0 <= high)
