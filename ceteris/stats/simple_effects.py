"""Simple effects: one factor at fixed levels of those that it depends on. Arrays in, no torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ceteris.stats.family import holm
from ceteris.stats.intervals import Estimate, difference_of_means, mean_of

Levels = Mapping[str, Sequence[Hashable]]
"""Factor -> its level in every observation [n]; of each factor the level seen first is the reference."""


@dataclass(frozen=True)
class SimpleEffect:
    """One level of a factor against its first, at fixed levels of the factors that it depends on.

    Attributes:
        factor, level, reference: what is compared: `level` minus `reference`.
        within: factor -> level held fixed.
        difference: None without data.
        interval: at the level of its step in Holm's rule over all simple effects; None without a test.
        p, p_adjusted: two-sided t-test; None where it cannot be tested.
        found: rejected by Holm's rule.
    """

    factor: str
    level: Hashable
    reference: Hashable
    within: Mapping[str, Hashable]
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_adjusted: float | None = None
    found: bool = False


def simple_effects(
    levels: Levels,
    scores: Sequence[float],
    block: Sequence[Hashable] | None,
    interactions: Sequence[tuple[str, ...]],
    alpha: float,
) -> tuple[SimpleEffect, ...]:
    """Every level of one factor against its first, within each combination of levels of the factors it depends on.

    The factor is `focus` of each interaction that is not part of a larger one. By the t-test paired by block, on means
    over the factors outside the interaction in the blocks that have all of them; Welch's test without blocks. Holm
    over all of them.

    Args:
        levels: of every observation.
        scores: [n].
        block: the seed of every observation [n]; None when observations are independent.
        interactions: factors of each interaction found.
        alpha: error rate of the family.
    """
    widest = [term for term in interactions if not any(set(term) < set(other) for other in interactions)]
    asked = [one for term in widest for one in _asked(term, levels)]
    seen = [_compared(levels, scores, block, one) for one in asked]
    steps = holm([None if estimate is None else estimate.p() for _, estimate in seen], alpha)
    return tuple(
        replace(
            one,
            difference=difference,
            interval=estimate.interval(step.level) if estimate else None,
            p=estimate.p() if estimate else None,
            p_adjusted=step.p_adjusted,
            found=step.rejected,
        )
        for one, (difference, estimate), step in zip(asked, seen, steps, strict=True)
    )


def focus(term: Sequence[str], levels: Mapping[str, Sequence[Hashable]]) -> str:
    """The factor whose simple effects are looked at: the one with the fewest levels, the first of equals."""
    return min(term, key=lambda name: len(set(levels[name])))


def _asked(term: Sequence[str], levels: Levels) -> Iterator[SimpleEffect]:
    """The comparisons of one interaction, without their numbers."""
    factor = focus(term, levels)
    others = [name for name in term if name != factor]
    reference, *rest = dict.fromkeys(levels[factor])
    for fixed in itertools.product(*(dict.fromkeys(levels[name]) for name in others)):
        for level in rest:
            yield SimpleEffect(factor, level, reference, dict(zip(others, fixed, strict=True)))


def _compared(
    levels: Levels, scores: Sequence[float], block: Sequence[Hashable] | None, one: SimpleEffect
) -> tuple[float | None, Estimate | None]:
    """Mean difference and what the t-test needs of it; None each without enough scores."""
    places = [dict(one.within) | {one.factor: level} for level in (one.level, one.reference)]
    if block is None:
        ours, theirs = [[scores[row] for row in _rows(levels, place)] for place in places]
        return float(np.mean(ours) - np.mean(theirs)), difference_of_means(ours, theirs)
    first, second = [_by_block(levels, scores, block, place) for place in places]
    gaps = [first[seed] - second[seed] for seed in first if seed in second]
    return (float(np.mean(gaps)) if gaps else None), mean_of(gaps)


def _rows(levels: Levels, place: Mapping[str, Hashable]) -> list[int]:
    """The observations at these levels."""
    length = len(next(iter(levels.values())))
    return [row for row in range(length) if all(levels[name][row] == level for name, level in place.items())]


def _by_block(
    levels: Levels, scores: Sequence[float], block: Sequence[Hashable], place: Mapping[str, Hashable]
) -> dict[Hashable, float]:
    """Block -> mean score at these levels, of the blocks that have every combination of the other factors there."""
    others = [name for name in levels if name not in place]
    wanted = math.prod(len(set(levels[name])) for name in others)
    rows: dict[Hashable, list[int]] = {}
    for row in _rows(levels, place):
        rows.setdefault(block[row], []).append(row)
    seen = {seed: {tuple(levels[name][row] for name in others) for row in own} for seed, own in rows.items()}
    return {
        seed: float(np.mean([scores[row] for row in own])) for seed, own in rows.items() if len(seen[seed]) == wanted
    }
