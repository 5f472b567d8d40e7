"""Dotted paths into a recipe: reading, setting, and listing where two recipes differ."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ceteris.errors import InputError, Problem, did_you_mean
from ceteris.study.vocabulary import Recipe

PART_FIELDS = ("data", "model", "optimizer", "loss", "schedule")


def with_value(recipe: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a plain recipe with one value set; a part is replaced whole, an option of a part is set in it.

    Raises InputError when the path does not lead into a recipe.
    """
    first, *rest = path.split(".")
    if first not in Recipe.model_fields:
        raise InputError(Problem(f"a recipe has no field {first!r}", path, did_you_mean(first, Recipe.model_fields)))
    changed = copy.deepcopy(dict(recipe))
    if not rest:
        changed[first] = copy.deepcopy(value)
        return changed
    here = changed.get(first)
    if isinstance(here, str) and first in PART_FIELDS:
        here = {"name": here}
    changed[first] = here = dict(here) if isinstance(here, Mapping) else {}
    for step in rest[:-1]:
        inner = here.get(step)
        here[step] = inner = dict(inner) if isinstance(inner, Mapping) else {}
        here = inner
    here[rest[-1]] = copy.deepcopy(value)
    return changed


def value_at(recipe: Mapping[str, Any], path: str) -> Any:
    """The value a dotted path leads to, or None; a part that is given by name alone counts as its name."""
    here: Any = recipe
    for step in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(step)
    return here


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where two resolved recipes differ: dotted path -> (value in first, value in second).

    A part that differs by name is one difference, `model`; options that only one of two different parts has are not
    listed, while the same part with another option is, as `model.activation`.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for name in dict.fromkeys((*first, *second)):
        _compare(name, first.get(name), second.get(name), found)
    return found


def _compare(path: str, one: Any, two: Any, found: dict[str, tuple[Any, Any]]) -> None:
    if one == two:
        return
    if isinstance(one, Mapping) and isinstance(two, Mapping) and one.get("name") == two.get("name"):
        for name in dict.fromkeys((*one, *two)):
            _compare(f"{path}.{name}", one.get(name), two.get(name), found)
    else:
        found[path] = (one, two)
