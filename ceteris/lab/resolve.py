"""Turning names into parts: a recipe, or probes, with every default spelled out, or every mistake at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ceteris.errors import InputError, Problem
from ceteris.registry import part
from ceteris.study.findings import Identity
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


def resolve_probes(specs: Sequence[PartSpec]) -> tuple[Identity, ...]:
    """The identities of a study's probes: name, version and all options.

    Raises InputError; each problem stands at its dotted path in the study (`probes.0.samples`).
    """
    problems: list[Problem] = []
    resolved: list[Identity] = []
    for index, spec in enumerate(specs):
        identity = _identity("probe", spec, f"probes.{index}", problems)
        if identity and identity in resolved:
            problems.append(Problem(f"probe {spec.label!r} is asked for twice", f"probes.{index}"))
        resolved.append(identity)
    if problems:
        raise InputError(*problems)
    return tuple(resolved)


def _identity(kind: str, spec: PartSpec, path: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        return part(kind, spec.name).identity(spec.options)
    except InputError as error:
        for problem in error.problems:
            where = f"{path}.{problem.where}" if problem.where else path
            problems.append(Problem(problem.what, where, problem.hint))
        return {}
