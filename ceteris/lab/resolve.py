"""Turning names into parts: a recipe with every default spelled out, or every mistake in it at once."""

from __future__ import annotations

from typing import Any

from ceteris.errors import InputError, Problem
from ceteris.registry import part
from ceteris.study.vocabulary import PartSpec, Recipe

PART_KINDS = {"data": "data", "model": "model", "loss": "loss", "optimizer": "optimizer", "schedule": "schedule"}


def resolve(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values: parts with name, version and all options, no locations.

    Raises InputError; each problem stands at its dotted path in the recipe (`model.activation`).
    """
    resolved = recipe.plain()
    problems: list[Problem] = []
    for field, kind in PART_KINDS.items():
        resolved[field] = _identity(kind, getattr(recipe, field), field, problems)
    resolved["augment"] = [
        _identity("augment", spec, f"augment.{index}", problems) for index, spec in enumerate(recipe.augment)
    ]
    if problems:
        raise InputError(*problems)
    return resolved


def _identity(kind: str, spec: PartSpec, path: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        return part(kind, spec.name).identity(spec.options)
    except InputError as error:
        for problem in error.problems:
            where = f"{path}.{problem.where}" if problem.where else path
            problems.append(Problem(problem.what, where, problem.hint))
        return {}
