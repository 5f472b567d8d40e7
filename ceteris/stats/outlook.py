"""What is known of the spread of seeds before a study runs, and how well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.intervals import no_spread


@dataclass(frozen=True)
class Spread:
    """The seed sd of one arm, pooled over several.

    Attributes:
        sd: square root of the pooled variance, in the unit of the scores.
        freedom: degrees of freedom behind it: trials less arms.
        trials: scores used.
        arms: with at least two scores each.
    """

    sd: float
    freedom: int
    trials: int
    arms: int

    def factors(self, alpha: float = 0.05) -> tuple[float, float]:
        """(low, high): what to multiply the sd with for its interval at confidence 1 - alpha.

        By the chi-square distribution of a variance of normal scores: three seeds of one arm give 0.52 and 6.3.
        """
        from scipy.special import chdtri

        low, high = (math.sqrt(self.freedom / float(chdtri(self.freedom, p))) for p in (alpha / 2, 1 - alpha / 2))
        return low, high


def pooled_spread(arms: Sequence[Sequence[float]]) -> Spread | None:
    """The seed sd that arms have in common, each about its own mean.

    Args:
        arms: scores of every arm's seeds; arms with fewer than two say nothing.

    None when no arm has two scores, or none of them any spread.
    """
    used = [scores for scores in arms if len(scores) > 1]
    if all(no_spread(scores) for scores in used):
        return None
    trials = sum(map(len, used))
    freedom = trials - len(used)
    squares = sum(float(np.var(scores)) * len(scores) for scores in used)
    return Spread(math.sqrt(squares / freedom), freedom, trials, len(used))
