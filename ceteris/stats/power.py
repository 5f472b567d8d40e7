"""What n seeds can show: power of the planned t-tests by the noncentral t distribution (Cohen 1988).

Everywhere: `sd` is the seed sd of one arm's scores. A paired difference is given sd * sqrt(2), as if the pairs were
not correlated: pairing by seed may buy nothing, and a plan must not count on it. All in one unit, fractions or points.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from typing import Literal

Pairing = Literal["paired", "independent"]

POWER = 0.8
"""Power that plans aim at."""
MOST_SEEDS = 1000
"""Seeds beyond which a plan is no plan."""


def power_to_detect(n: float, effect: float, sd: float, alpha: float, pairing: Pairing = "paired") -> float:
    """Probability that the two-sided t-test at alpha finds a true difference `effect` with n seeds per arm."""
    from scipy.special import stdtrit

    freedom = _freedom(n, pairing)
    shift = abs(effect) / sd * math.sqrt(n / 2)
    critical = float(stdtrit(freedom, 1 - alpha / 2))
    return 1 - _noncentral_t(freedom, shift, critical) + _noncentral_t(freedom, shift, -critical)


def power_to_equate(
    n: float, effect: float, sd: float, margin: float, alpha: float, *, pairing: Pairing = "paired"
) -> float:
    """Probability, at least, that both one-sided tests at alpha place a true difference `effect` within the margin.

    The noncentral t bound P(A) + P(B) - 1 on Owen's exact value (Phillips 1990): close wherever it is large.
    """
    from scipy.special import stdtrit

    freedom = _freedom(n, pairing)
    critical = float(stdtrit(freedom, 1 - alpha))
    scale = math.sqrt(n / 2) / sd
    missed = [_noncentral_t(freedom, (margin + side) * scale, critical) for side in (-effect, effect)]
    return max(0.0, 1 - sum(missed))


def detectable_effect(n: int, sd: float, alpha: float, power: float = POWER, pairing: Pairing = "paired") -> float:
    """The smallest true difference that n seeds per arm detect with that power.

    Raises ValueError for n below 2, which no t-test can use, and for an sd that is not above 0.
    """
    from scipy.optimize import brentq

    if n < 2:
        raise ValueError(f"a t-test needs at least 2 seeds, not {n}")
    _check_sd(sd)
    high = sd
    while power_to_detect(n, high, sd, alpha, pairing) < power:
        high *= 2
    return float(brentq(lambda effect: power_to_detect(n, effect, sd, alpha, pairing) - power, 0.0, high, xtol=1e-12))


def seeds_needed(
    effect: float, sd: float, alpha: float, power: float = POWER, pairing: Pairing = "paired"
) -> int | None:
    """The fewest seeds per arm that detect a true difference `effect` with that power; None beyond MOST_SEEDS.

    Raises ValueError for an sd that is not above 0.
    """
    _check_sd(sd)
    return _fewest(lambda n: power_to_detect(n, effect, sd, alpha, pairing), power)


def seeds_to_equate(
    effect: float, sd: float, margin: float, alpha: float, *, power: float = POWER, pairing: Pairing = "paired"
) -> int | None:
    """The fewest seeds per arm that place a true difference `effect` within the margin; None beyond MOST_SEEDS.

    Raises ValueError for an sd that is not above 0.
    """
    _check_sd(sd)
    if abs(effect) >= margin:
        return None
    return _fewest(lambda n: power_to_equate(n, effect, sd, margin, alpha, pairing=pairing), power)


def planning_sd(accuracy: float, test_images: int) -> float:
    """A first guess at one arm's seed sd, sqrt(err / 2N), until earlier records give a measured one.

    Args:
        accuracy: expected, as a fraction; the result is one too.
        test_images: N, the size of the test set.

    Raises ValueError when either is out of range.
    """
    if not 0 <= accuracy <= 1 or test_images < 1:
        raise ValueError(f"accuracy {accuracy} on {test_images} images cannot be")
    return math.sqrt((1 - accuracy) / (2 * test_images))


def _freedom(n: float, pairing: Pairing) -> float:
    return n - 1 if pairing == "paired" else 2 * (n - 1)


def _noncentral_t(freedom: float, shift: float, value: float) -> float:
    """P(T <= value); scipy gives NaN in the far lower tail, where it is below 1e-15."""
    from scipy.special import nctdtr

    probability = float(nctdtr(freedom, shift, value))
    return 0.0 if math.isnan(probability) else probability


def _check_sd(sd: float) -> None:
    if not sd > 0:
        raise ValueError(f"a spread must be above 0, not {sd}")


def _fewest(power_with: Callable[[int], float], power: float) -> int | None:
    counts = range(2, MOST_SEEDS + 1)
    place = bisect_left(counts, power, key=power_with)
    return counts[place] if place < len(counts) else None
