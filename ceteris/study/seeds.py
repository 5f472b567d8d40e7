"""Seeds as a user writes them: a count, a list, or looks at which arms that are decided stop."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from ceteris.errors import did_you_mean
from ceteris.study.strict import Strict

MOST_SEEDS = 1000
"""A count beyond it is a seed written where a count is meant."""
LAST_LOOK = 50
"""Seeds of the last look, at most."""
_LOOK_FIELDS = ("looks", "futility")


def is_whole_number(value: Any) -> bool:
    """Whether it is an integer; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _seed_list(given: Any) -> Any:
    if isinstance(given, Mapping):
        return _seeds_of_looks(given)
    if given is None or isinstance(given, bool) or (isinstance(given, float) and not math.isfinite(given)):
        return given
    if isinstance(given, int):
        if not 1 <= given <= MOST_SEEDS:
            raise ValueError(f"needs at least 1 seed and at most {MOST_SEEDS:,}, not {given}")
        return list(range(given))
    if isinstance(given, list | tuple) and all(is_whole_number(seed) for seed in given):
        if not given:
            raise ValueError("needs at least 1 seed")
        if len(set(given)) < len(given):
            raise ValueError("a seed is listed twice")
        if min(given) < 0:
            raise ValueError("seeds are whole numbers from 0")
    return list(given) if isinstance(given, tuple) else given


def _seeds_of_looks(given: Mapping[str, Any]) -> list[int]:
    for name in given:
        if name not in _LOOK_FIELDS:
            hint = did_you_mean(str(name), _LOOK_FIELDS)
            raise ValueError(f"unknown field {name!r} ({hint}): seeds are a count, a list, or looks")
    if "looks" not in given:
        raise ValueError("looks are missing: numbers of seeds such as [3, 5, 10]")
    try:
        return list(range(_looks(given["looks"])[-1]))
    except ValueError:  # said where the looks stand
        return [0]


def _looks(given: Any) -> tuple[int, ...]:
    if not isinstance(given, list | tuple) or not all(is_whole_number(count) for count in given):
        raise ValueError("must be a list of numbers of seeds such as [3, 5, 10]")
    if len(given) < 2:
        raise ValueError("needs at least 2 looks; for a single one write the number of seeds itself")
    if given[0] < 2:
        raise ValueError(f"a look needs at least 2 seeds, not {given[0]}")
    if given[-1] > LAST_LOOK:
        raise ValueError(f"the last look may have at most {LAST_LOOK} seeds, not {given[-1]}")
    if any(later <= earlier for earlier, later in itertools.pairwise(given)):
        raise ValueError("each look needs more seeds than the one before")
    return tuple(given)


Seeds = Annotated[list[int], BeforeValidator(_seed_list)]
"""Different whole numbers from 0; a count of 3 means 0, 1, 2."""
SomeSeeds = Annotated[list[int] | None, BeforeValidator(_seed_list)]
"""The same, or None where the seeds of something else count."""


class Looked(Strict):
    """What may look at its seeds before all of them are trained: `seeds: {looks: [3, 5, 10], futility: true}`.

    Attributes:
        looks: numbers of seeds, rising from 2, after which contrasts are tested and decided arms stop; the price is
            paid in the level of every test. Empty for a fixed number of seeds.
        futility: at a look, also stop arms that have no hope left of being better or practically the same.
    """

    looks: Annotated[tuple[int, ...], BeforeValidator(_looks)] = Field(
        default=(), validation_alias=AliasPath("seeds", "looks")
    )
    futility: bool = Field(default=False, validation_alias=AliasPath("seeds", "futility"))

    @model_serializer(mode="wrap")
    def _as_written(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = plain(self)
        looks, futility = written.pop("looks", ()), written.pop("futility", False)
        if looks:
            written["seeds"] = {"looks": list(looks)} | ({"futility": True} if futility else {})
        return written
