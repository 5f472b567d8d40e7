"""Seeds as a user writes them: a count, or a list."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator

MOST_SEEDS = 1000
"""A count beyond it is a seed written where a count is meant."""


def is_whole_number(value: Any) -> bool:
    """Whether it is an integer; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _seed_list(given: Any) -> Any:
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


Seeds = Annotated[list[int], BeforeValidator(_seed_list)]
"""Different whole numbers from 0; a count of 3 means 0, 1, 2."""
SomeSeeds = Annotated[list[int] | None, BeforeValidator(_seed_list)]
"""The same, or None where the seeds of something else count."""
