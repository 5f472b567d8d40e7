"""From a study to its arms: baseline, levels, named variants, and the settings of a scale laid over all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ceteris.errors import InputError, Problem, did_you_mean
from ceteris.study.claims import mistakes_in
from ceteris.study.correction import check_correction
from ceteris.study.mistakes import problems_of
from ceteris.study.paths import value_at, with_value
from ceteris.study.vocabulary import FULL, Recipe, Scale, Study, level_name

VARIANT = "variant"
AGAIN = "again"
"""The level of the arm that is the baseline under other seeds."""


@dataclass(frozen=True)
class Arm:
    """One variant of the study: the recipe at given levels.

    Attributes:
        name: how tables and figures call it; unique in the study.
        levels: factor path (or "variant") -> level name, only where it differs from the baseline; "again" -> its seeds
            for the baseline of an A/A check.
        recipe: with its own fields complete; the options of parts are not resolved yet.
    """

    name: str
    recipe: Recipe
    levels: Mapping[str, str] = field(default_factory=dict)


def scale_of(study: Study, name: str) -> Scale:
    """The scale of that name. Raises InputError for one the study does not have."""
    known = study.scales | {FULL: study.scales.get(FULL, Scale())}
    if name not in known:
        raise InputError(Problem(f"{study.name} has no scale {name!r}", hint=did_you_mean(name, known)))
    return known[name]


def at_scale(study: Study, scale: str = FULL, seeds: list[int] | None = None) -> Study:
    """The study with a scale's seeds and margin, or with the seeds given, which are a fixed number without looks.

    Of `again` as many are taken, from its first. Raises InputError for seeds that an A/A check cannot go with, and for
    a scale that the study does not have.
    """
    chosen = scale_of(study, scale)
    update: dict[str, Any] = {}
    if seeds or chosen.seeds:
        update["seeds"] = seeds or chosen.seeds
        update["looks"] = () if seeds else chosen.looks
        update["futility"] = chosen.futility and not seeds
    if chosen.margin:
        update["margin"] = chosen.margin
    if chosen.looks and not seeds:
        _check_looks(study, chosen.looks)
    if study.again:
        update["again"] = _as_many(study.again, update.get("seeds", study.seeds))
    return study.model_copy(update=update)


def _check_looks(study: Study, looks: Sequence[int]) -> None:
    if study.again:
        raise InputError(Problem("an A/A check needs a fixed number of seeds, not looks", AGAIN))
    try:
        check_correction(study.correction, study.pairing, looks)
    except ValueError as error:
        raise InputError(Problem(str(error), "correction")) from None


def _as_many(again: list[int], seeds: list[int]) -> list[int]:
    if len(again) < len(seeds):
        what = f"the A/A check has {len(again)} seeds of its own, and {len(seeds)} are needed"
        raise InputError(Problem(what, AGAIN, "list more of them"))
    if shared := sorted(set(again) & set(seeds)):
        raise InputError(Problem(f"seed {shared[0]} is one of the A/A check's own", AGAIN, "list another one there"))
    return again[: len(seeds)]


def arms(study: Study, scale: str = FULL, overrides: Mapping[str, Any] | None = None) -> list[Arm]:
    """The study's arms, baseline first.

    Args:
        study: the study.
        scale: whose settings are laid over every arm.
        overrides: dotted path -> value, laid over every arm last.

    Raises InputError for paths that lead nowhere, recipes that are not valid, settings that would hide a factor, and
    claims and printed numbers of arms that there are not.
    """
    laid_over = dict(scale_of(study, scale).set) | dict(overrides or {})
    _refuse_hidden_factors(study, laid_over)
    baseline = study.baseline.plain()
    made: list[Arm] = []
    problems: list[Problem] = []
    for levels in _combinations(study):
        name = _arm_name(study, levels)
        try:
            made.append(Arm(name, _recipe(study, baseline, levels, laid_over), levels))
        except InputError as error:
            problems += [p for p in error.problems if p not in problems]
    compared = [arm.name for arm in made]
    if study.again and made and not made[0].levels:
        made.append(Arm(f"{made[0].name} again", made[0].recipe, {AGAIN: ", ".join(map(str, study.again))}))
    names = [arm.name for arm in made]
    problems += [Problem(f"two arms are called {name!r}") for name in sorted(set(names)) if names.count(name) > 1]
    problems = problems or _said_of_nothing(study, compared)
    if problems:
        raise InputError(*problems)
    return made


def _said_of_nothing(study: Study, names: list[str]) -> list[Problem]:
    unknown = sorted(set(study.reported) - set(names))
    found = [Problem(f"no arm is called {name!r}", "reported", did_you_mean(name, names)) for name in unknown]
    return found + mistakes_in(study.claims, names, [probe.name for probe in study.probes])


def _combinations(study: Study) -> Iterator[dict[str, str]]:
    choices = {factor.path: list(factor.levels) for factor in study.factors}
    if study.variants:
        choices = {VARIANT: list(study.variants)} | choices
    yield {}
    if study.design == "one_at_a_time":
        for path, names in choices.items():
            for name in names:
                yield {path: name}
        return
    for combination in itertools.product(*([None, *names] for names in choices.values())):
        levels = {path: name for path, name in zip(choices, combination, strict=True) if name is not None}
        if levels:
            yield levels


def _recipe(study: Study, baseline: dict[str, Any], levels: Mapping[str, str], laid_over: Mapping[str, Any]) -> Recipe:
    plain = baseline
    if VARIANT in levels:
        for path, value in study.variants[levels[VARIANT]].items():
            plain = with_value(plain, path, value)
    for factor in study.factors:
        if factor.path in levels:
            plain = with_value(plain, factor.path, factor.levels[levels[factor.path]])
    for path, value in laid_over.items():
        plain = with_value(plain, path, value)
    try:
        return Recipe.model_validate(plain)
    except ValidationError as error:
        raise InputError(*problems_of(error)) from None


def _arm_name(study: Study, levels: Mapping[str, str]) -> str:
    if not levels:
        return study.baseline_name or _baseline_name(study)
    several = len(study.factors) + bool(study.variants) > 1
    names = {factor.path: factor.name for factor in study.factors}
    shown = [f"{names[path]}={name}" if several and path != VARIANT else name for path, name in levels.items()]
    return " ".join(shown)


def _baseline_name(study: Study) -> str:
    if len(study.factors) != 1 or study.variants:
        return "baseline" if study.factors else study.baseline.model.name
    value = value_at(study.baseline.plain(), study.factors[0].path)
    return "baseline" if value is None else level_name(value)


def _refuse_hidden_factors(study: Study, laid_over: Mapping[str, Any]) -> None:
    for factor in study.factors:
        for path in laid_over:
            if path == factor.path or factor.path.startswith(f"{path}."):
                what = f"setting {path!r} for all arms would hide the factor {factor.path!r}"
                raise InputError(Problem(what, path, "change the study's factor instead"))
