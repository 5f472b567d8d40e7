"""The plan: every trial resolved, keyed, counted and priced before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ceteris.data.source import DataPlace, DataSource
from ceteris.errors import InputError, Problem
from ceteris.lab.facts import KnownFacts, training_images
from ceteris.lab.resolve import resolve, resolve_probes
from ceteris.registry import part
from ceteris.study.arms import VARIANT, Arm, arms, at_scale
from ceteris.study.fairness import is_confounded, recipe_differences
from ceteris.study.findings import Identity
from ceteris.study.keys import sha256_of, trial_keys
from ceteris.study.last_batch import check_last_batch
from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.mistakes import Place
from ceteris.study.record import DataFacts
from ceteris.study.vocabulary import FULL, PartSpec, Study
from ceteris.version import VERSION

Locate = Callable[[Place], str]


def by_path(place: Place) -> str:
    """Where a mistake stands when there is no file: its dotted path."""
    return ".".join(str(step) for step in place)


@dataclass(frozen=True)
class Request:
    """What a user asked for: a study and how much of it.

    Attributes:
        study: as defined.
        scale: "full" or one that the study declares.
        seeds: replaces the study's and the scale's seeds.
        overrides: dotted path -> value, laid over every arm.
        source: how the study is named on the command line.
        options: further options that repeat the run.
        locate: place in the study -> file and line.
    """

    study: Study
    scale: str = FULL
    seeds: list[int] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    source: str = "study.yaml"
    options: tuple[str, ...] = ()
    locate: Locate = by_path

    @property
    def folder(self) -> str:
        """Name of the study folder: study and scale, and a short hash of what `--set` changed."""
        changed = f"-{sha256_of(dict(self.overrides))[:8]}" if self.overrides else ""
        return f"{self.study.name}-{self.scale}{changed}"


def make_plan(request: Request, place: DataPlace, known: KnownFacts) -> Plan:
    """Resolve, check, key and price every trial. Trains nothing, and imports torch only for models never seen.

    Raises InputError naming every mistake.
    """
    study = at_scale(request.study, request.scale, request.seeds)
    made = _arms(study, request)
    probes, problems = _probes(study, request.locate)
    said: list[Problem] = []
    planned: list[PlannedArm] = []
    resolved: list[dict[str, Any]] = []
    facts: dict[str, DataFacts] = {}
    for arm in made:
        try:
            resolved.append(resolve(arm.recipe))
            spec = arm.recipe.data
            data = facts.get(spec.model_dump_json()) or _data_facts(spec, place)
            facts[spec.model_dump_json()] = data
            planned.append(_planned(arm, resolved[-1], resolved[0], data, known))
        except InputError as error:
            fresh = [problem for problem in error.problems if problem not in said]
            said += fresh
            problems += [_located(problem, study, arm, request.locate) for problem in fresh]
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return Plan(
        study, request.scale, request.overrides, tuple(planned), _trials(study, planned), request.source,
        request.options, VERSION, probes,
    )  # fmt: skip


def _trials(study: Study, planned: list[PlannedArm]) -> tuple[PlannedTrial, ...]:
    """Block by block; an A/A check's own seed stands where the other arms have the study's."""
    seeds = {arm.name: study.again if study.again and arm.again else study.seeds for arm in planned}
    keys = {arm.name: trial_keys(arm.recipe, arm.data.fingerprint, seeds[arm.name]) for arm in planned}
    return tuple(
        PlannedTrial(arm.name, seed, keys[arm.name][seed])
        for block in range(len(study.seeds))
        for arm in planned
        for seed in seeds[arm.name][block : block + 1]
    )


def _arms(study: Study, request: Request) -> list[Arm]:
    """The arms; what the study says of arms that it does not have stands where it says so."""
    try:
        return arms(study, request.scale, request.overrides)
    except InputError as error:
        said = {problem: problem.where.partition(".")[0] in ("claims", "reported") for problem in error.problems}
        places = (request.locate(_place(p)) if stands else p.where for p, stands in said.items())
        raise InputError(*(Problem(p.what, where, p.hint) for p, where in zip(said, places, strict=True))) from None


def _probes(study: Study, locate: Locate) -> tuple[tuple[Identity, ...], list[Problem]]:
    try:
        return resolve_probes(study.probes), []
    except InputError as error:
        return (), [Problem(p.what, locate(_place(p)), p.hint) for p in error.problems]


def _data_facts(spec: PartSpec, place: DataPlace) -> DataFacts:
    """The facts of a data set; what is wrong with its files stands at the recipe's `data` and names them."""
    try:
        return data_source(spec, place).facts()
    except InputError as error:
        said = (f"{problem.where}: {problem.what}" if problem.where else problem.what for problem in error.problems)
        hints = (problem.hint for problem in error.problems)
        raise InputError(*(Problem(what, "data", hint) for what, hint in zip(said, hints, strict=True))) from None


def data_source(spec: PartSpec, place: DataPlace) -> DataSource:
    """The data set that a recipe names."""
    source: DataSource = part("data", spec.name).build(spec.options, place=place)
    return source


def _planned(
    arm: Arm, recipe: dict[str, Any], baseline: dict[str, Any], data: DataFacts, known: KnownFacts
) -> PlannedArm:
    _check_split(recipe, data)
    model, images = known.of(recipe, data), training_images(recipe, data)
    check_last_batch(model, images, recipe["batch_size"])
    seconds, seconds_from = known.seconds(recipe, data, model)
    differs = recipe_differences(baseline, recipe)
    return PlannedArm(
        name=arm.name,
        levels=arm.levels,
        recipe=recipe,
        differs=differs,
        confounded=is_confounded(arm.levels, differs),
        data=data,
        model=model,
        seconds=seconds,
        seconds_from=seconds_from,
    )


def _check_split(recipe: Mapping[str, Any], data: DataFacts) -> None:
    split = recipe["split"]
    for name, there in (("train_images", data.train_images), ("test_images", data.test_images)):
        if split[name] and split[name] > there:
            what = f"{name} asks for {split[name]:,} images, {data.name} has {there:,}"
            raise InputError(Problem(what, f"split.{name}"))


def _located(problem: Problem, study: Study, arm: Arm, locate: Locate) -> Problem:
    """The problem at the line of the level, the variant or the baseline field that caused it."""
    path = _place(problem)
    if VARIANT in arm.levels and path and path[0] in study.variants[arm.levels[VARIANT]]:
        return Problem(problem.what, locate(("variants", arm.levels[VARIANT], *path)), problem.hint)
    for index, factor in enumerate(study.factors):
        steps = tuple(factor.path.split("."))
        if factor.path in arm.levels and (path[: len(steps)] == steps or steps[: len(path)] == path):
            level = list(factor.levels).index(arm.levels[factor.path])
            return Problem(problem.what, locate(("factors", index, "levels", level)), problem.hint)
    return Problem(problem.what, locate(("baseline", *path)), problem.hint)


def _place(problem: Problem) -> Place:
    """The steps of the dotted path where the problem stands."""
    return tuple(int(s) if s.isdigit() else s for s in problem.where.split(".")) if problem.where else ()
