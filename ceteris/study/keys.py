"""Identity: canonical JSON and the full sha256 that names a trial."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

KEY_FORMAT = 1
"""Raised when the meaning of a key changes, so that old records are never taken for new ones."""


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, plain ASCII.

    Raises ValueError for anything whose text could differ between machines (NaN, infinities, objects, non-text keys).
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json_of(parsed: Any) -> str:
    """As `canonical_json`, in a quarter of the time, of a value that `json.loads` returned: it holds plain values only.

    Raises ValueError for NaN and infinities.
    """
    text = json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return canonical_json(parsed) if "-0.0" in text else text


def sha256_of(value: Any) -> str:
    """sha256, as 64 hex digits, of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def sha256_of_json(parsed: Any) -> str:
    """As `sha256_of`, of a value that `json.loads` returned."""
    return hashlib.sha256(canonical_json_of(parsed).encode("ascii")).hexdigest()


def trial_key(recipe: Mapping[str, Any], fingerprint: str, seed: int) -> str:
    """The key of a trial.

    Args:
        recipe: the resolved recipe: every default and nested part spelled out, with part versions, no locations.
        fingerprint: of the data set.
        seed: the trial's seed.
    """
    return trial_keys(recipe, fingerprint, [seed])[seed]


def trial_keys(recipe: Mapping[str, Any], fingerprint: str, seeds: Iterable[int]) -> dict[int, str]:
    """Seed -> key of one recipe's trials; the recipe is written out once, as seeds can be thousands."""
    named = {"format": KEY_FORMAT, "recipe": recipe, "data": fingerprint, "seed": None}
    start = canonical_json(named).removesuffix("null}")  # fields are sorted: the seed is the last
    return {seed: hashlib.sha256(f"{start}{canonical_json(seed)}}}".encode("ascii")).hexdigest() for seed in seeds}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise ValueError(f"only text can name a field, not {list(value)}")
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that a recipe can hold")
        return value + 0.0  # -0.0 and 0.0 are the same setting
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(f"{type(value).__name__} is not a value that a recipe can hold")
