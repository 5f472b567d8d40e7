"""What a study can find out, as far as it is known before it runs: the spread of seeds, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.intervals import no_spread

GUESSED_ACCURACY = 0.8
"""Assumed for planning when no trial of these recipes has a score yet."""


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


@dataclass(frozen=True)
class Price:
    """What a number of seeds per arm can show and would cost.

    Attributes:
        seeds: per arm.
        effect: the smallest difference found with 80 % power, as a fraction.
        trials: of the whole study then.
        new: those that are not in the store.
        seconds: predicted wall time of training the new ones.
    """

    seeds: int
    effect: float
    trials: int
    new: int
    seconds: float


@dataclass(frozen=True)
class Outlook:
    """What the design can find out.

    Attributes:
        sd: of one arm's seeds, a fraction: measured, or guessed as sqrt(err / 2N) from the test images alone.
        spread: the measured one, with how well it is known; None for a guess.
        accuracy: mean of the earlier trials; None without any.
        family: number of contrasts adjusted for.
        level: of the first test that Holm makes; with looks, of each of them.
        effect: the smallest difference found with 80 % power, or more with looks; None with one seed: it has no test.
        seeds_for_margin: seeds that find a difference as small as the margin; None beyond 1,000.
        prices: of several numbers of seeds, the planned one among them.
        cannot: why this design cannot decide anything: "one_seed" or "out_of_reach"; empty when it can.
        least_sign_flip_p: the smallest p of the exact sign-flip check; None when it is not made.
    """

    sd: float
    spread: Spread | None
    accuracy: float | None
    family: int
    level: float
    effect: float | None
    seeds_for_margin: int | None
    prices: tuple[Price, ...]
    cannot: str
    least_sign_flip_p: float | None


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
