"""Looking at the data more than once: what registered looks cost, and evidence that holds at any time.

A t-test repeated as seeds are added finds a difference by chance more often than its p says. For looks fixed before
training the price is known exactly: under the null the chain of t statistics does not depend on the spread, and its
next value depends on the past through the present value alone, so that one integral per seed gives the chance that any
of them exceeds a bound (recursive integration of Armitage, McPherson and Rowe 1969, here for t instead of z).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from ceteris.stats.power import Pairing

Sides = Literal[1, 2]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_CELLS = 240
_FAR = 8.5
"""Standard deviations beyond which nothing happens."""


def overall_p(p: float, looks: Sequence[int], sides: Sides = 2, pairing: Pairing = "paired") -> float:
    """The chance under the null that the smallest t-test p over all registered looks is at most `p`.

    Computed for normal differences, to about 0.3 % of itself near .05 and 1 % near .0005: for the paired t, and for the
    pooled t of two independent arms of equal spread, to which Welch's test comes near from the safe side. So whichever
    look a p comes from, rejecting where overall_p(p) <= alpha errs with chance alpha. It rises with p, is p itself for
    one look, and at most p times the number of looks.

    Args:
        p: of the t-test at one look, two-sided, or one-sided with `sides` 1.
        looks: numbers of seeds, increasing, from 2; of none the result is p itself.
        sides: of the test.
        pairing: as planned.
    """
    if len(looks) < 2 or p <= 0:
        return max(p, 0.0)
    low, high = _price(tuple(looks), sides, pairing)
    return _read_off(p, low, high)


def look_level(alpha: float, looks: Sequence[int], sides: Sides = 2, pairing: Pairing = "paired") -> float:
    """The level of the t-test at each look that keeps the chance of ever rejecting a true null at `alpha`.

    The inverse of `overall_p` (equal levels at all looks, Pocock 1977, for t): .0192 for looks (3, 5, 10) at .05, .0280
    for (5, 10). An interval at confidence 1 - look_level(alpha) may be read at every look: all of them together cover
    the true difference with chance 1 - alpha (repeated confidence intervals, Jennison and Turnbull 1984).
    """
    if len(looks) < 2 or alpha <= 0:
        return max(alpha, 0.0)
    low, high = _price(tuple(looks), sides, pairing)
    return _read_off(alpha, high, low)


def e_value(t: float, n: int, g: float = 1.0) -> float:
    """Evidence against a mean of 0 that may be looked at after every seed: reject where it is 1 / alpha or more.

    The Bayes factor of a normal prior of variance g on the effect size against 0, with the right Haar prior on the
    spread (Rouder et al. 2009 with g fixed). It is an e-process (Grünwald, de Heide and Koolen 2024): under the null
    the chance that it ever reaches 1 / alpha is at most alpha, however many seeds are added and for whatever reason.

    Args:
        t: of the paired t-test.
        n: seeds, at least 2.
        g: variance of the prior.

    Raises ValueError for n below 2 and a g that is not above 0.
    """
    if n < 2 or not g > 0:
        raise ValueError(f"needs at least 2 seeds and a variance above 0, not {n} and {g}")
    freedom, spread = n - 1, 1 + n * g
    return math.exp((n * (math.log1p(t * t / freedom) - math.log1p(t * t / (freedom * spread))) - math.log(spread)) / 2)


def _read_off(value: float, known: np.ndarray, wanted: np.ndarray) -> float:
    """The value across from it, both scales logarithmic; below the first point in proportion to it."""
    if math.log(value) < known[0]:
        return value * math.exp(float(wanted[0] - known[0]))
    return math.exp(float(np.interp(math.log(value), known, wanted)))


@cache
def _price(looks: tuple[int, ...], sides: Sides, pairing: Pairing) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of p and of overall p, both rising to 0 and close enough for straight lines between them."""
    from scipy.special import ndtr

    ends = 5.0, -2.5 if sides == 1 else 0.0
    knots, fine = np.linspace(*ends, 24), np.linspace(*ends, 480)
    values = sides * ndtr(-knots)
    exact = np.array([_ever(float(p), looks, sides, pairing) for p in values])
    price = np.clip(_Curve(knots, np.log(exact / values)).at(fine), 0.0, math.log(len(looks)))
    low = np.log(sides * ndtr(-fine))
    high = np.maximum.accumulate(np.minimum(low + price, 0.0))
    return np.append(low, 0.0), np.append(high, 0.0)


def _ever(p: float, looks: tuple[int, ...], sides: Sides, pairing: Pairing) -> float:
    """The chance that some look's p is at most `p`: backwards from the last look to the density at the first.

    The state after n seeds is the angle whose sine is c = S / sqrt(n Q), S the sum of the differences and Q their sum
    of squares, d = n dimensions; t = sqrt(d - 1) c / sqrt(1 - c^2). For independent arms Q also holds the squared
    deviations of the pairs' sums from their mean: one dimension more for every seed after the first.
    """
    extra = 0 if pairing == "paired" else 1
    later = _Curve(_angles((1 + extra) * (looks[-1] - 1) + 1), np.zeros(_CELLS))
    for n in range(looks[-1] - 1, looks[0] - 1, -1):
        d = (1 + extra) * (n - 1) + 1
        bound = _bound(p, d + extra, sides) if n + 1 in looks else math.inf
        later = _before_seed(later, n, d + extra, bound, sides)
        if extra:
            later = _before_spread(later, d)
    d = (1 + extra) * (looks[0] - 1) + 1
    bound = math.asin(_bound(p, d - 1, sides))
    angle, weight = _nodes(np.array([-bound if sides == 2 else -math.pi / 2, bound]), d - 2, parts=16)
    return p + float(later.at(angle) @ weight)


@dataclass(frozen=True)
class _Curve:
    """Values at equally spaced places; for chances, of crossing a bound at a later look, by the present angle."""

    places: np.ndarray
    values: np.ndarray

    def at(self, place: np.ndarray) -> np.ndarray:
        """Between the places by the cubic through the nearest four; beyond them the value at the end."""
        last = len(self.places) - 1
        step = np.clip((place - self.places[0]) / (self.places[1] - self.places[0]), 0, last)
        first = np.clip(step.astype(int) - 1, 0, last - 3)
        x = step - first
        a, b, c, d = (self.values[first + i] for i in range(4))
        outer = x * (x - 3) / 2
        value: np.ndarray = (
            (x - 1) * (x - 2) * ((x / 3) * d - (x - 3) / 3 * a) + 2 * outer * ((x - 2) * b - (x - 1) * c)
        ) / 2
        return value


def _before_seed(later: _Curve, n: int, d: int, bound: float, sides: Sides) -> _Curve:
    """One difference earlier, at n seeds: where the next one, x = tan(theta) in units of sqrt(Q), would lead.

    sqrt(n + 1) c' = (r + x) / sqrt(1 + x^2) = sqrt(1 + r^2) sin(theta + atan r), with r = sqrt(n) c, and theta has a
    density proportional to cos(theta)^(d - 1), whatever the spread.
    """
    angles = _angles(d)
    r = math.sqrt(n) * np.sin(angles)
    turn, reach = np.arctan(r), np.sqrt((1 + r**2) / (n + 1))
    edge = np.arcsin(np.clip(bound / reach, -1, 1))
    end = np.full_like(angles, min(math.pi / 2, _FAR / math.sqrt(d)))
    edges = [edge, math.pi - edge, -math.pi - edge] + ([-edge, edge - math.pi, math.pi + edge] if sides == 2 else [])
    cuts = np.sort(np.stack([-end, end, *(np.clip(cut - turn, -end, end) for cut in edges)]), axis=0)
    theta, weight = _nodes(cuts, d - 1)
    cosine = reach * np.sin(theta + turn)
    crossed = (np.abs(cosine) if sides == 2 else cosine) > bound
    chance = np.where(crossed, 1.0, later.at(np.arcsin(np.clip(cosine, -1, 1))))
    return _Curve(angles, np.sum(chance * weight, axis=0))


def _before_spread(later: _Curve, d: int) -> _Curve:
    """One pair's sum earlier: it adds to Q and nothing to S."""
    angles = _angles(d)
    end = min(math.pi / 2, _FAR / math.sqrt(d))
    theta, weight = _nodes(np.array([-end, 0.0, end]), d - 1)
    shrunk = np.arcsin(np.sin(angles) * np.cos(theta)[:, None])
    return _Curve(angles, weight @ later.at(shrunk))


def _angles(d: int) -> np.ndarray:
    """Angles in d dimensions at which chances are kept, denser the more dimensions there are."""
    end = min(math.pi / 2, _FAR / math.sqrt(d))
    return np.linspace(-end, end, _CELLS)


def _bound(p: float, freedom: int, sides: Sides) -> float:
    """The cosine c whose t has that p."""
    from scipy.special import stdtrit

    t = -float(stdtrit(freedom, p / sides))
    return t / math.sqrt(freedom + t * t)


def _nodes(cuts: np.ndarray, power: int, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes between neighbouring cuts, and their weights under a density proportional to cos^power.

    Args:
        cuts: angles [k, ...], rising along the first axis.
        power: of the cosine, from 0.
        parts: equal parts of every stretch between two cuts.
    """
    middle, half = (cuts[1:] + cuts[:-1]) / 2, (cuts[1:] - cuts[:-1]) / 2
    offsets = np.concatenate([(2 * i + 1 - parts + _NODES) / parts for i in range(parts)])
    shape = (1, len(offsets), *(1 for _ in cuts.shape[1:]))
    angles = (middle[:, None] + half[:, None] * offsets.reshape(shape)).reshape(-1, *cuts.shape[1:])
    weights = (half[:, None] * np.tile(_WEIGHTS / parts, parts).reshape(shape)).reshape(-1, *cuts.shape[1:])
    area = math.sqrt(math.pi) * math.exp(math.lgamma((power + 1) / 2) - math.lgamma(power / 2 + 1))
    return angles, weights * np.maximum(np.cos(angles), 0.0) ** power / area
