"""Pydantic's findings in plain words, with the line each of them stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ceteris.errors import Problem, did_you_mean
from ceteris.study.claims import Claim, Expectation
from ceteris.study.reported import Reported
from ceteris.study.seeds import Looked
from ceteris.study.vocabulary import EarlyStopping, Factor, Normalize, Recipe, Scale, Split

Place = tuple[int | str, ...]
_FIELDS: dict[str, type[BaseModel]] = {
    "baseline": Recipe, "factors": Factor, "scales": Scale, "reported": Reported,
    "split": Split, "early_stopping": EarlyStopping, "normalize": Normalize,
    "claims": Claim, "all": Expectation,
}  # fmt: skip


def problems_of(
    error: ValidationError, where: Callable[[Place], str] | None = None, root: type[BaseModel] = Recipe
) -> list[Problem]:
    """Every finding as a Problem.

    Args:
        error: what pydantic raised.
        where: turns a place such as ("baseline", "epochs") into text; dotted path by default.
        root: the model that was validated, for suggestions on unknown fields.
    """
    say = where or (lambda place: ".".join(str(step) for step in place))
    seen: dict[tuple[str, str], Problem] = {}
    for detail in error.errors():
        place = _place(detail)
        problem = Problem(_what(detail, place), say(place), _hint(detail, place, root))
        seen.setdefault((problem.where, problem.what), problem)
    return list(seen.values())


def _place(detail: ErrorDetails) -> Place:
    """Where it stands; an unknown field is the user's own word, whatever it looks like."""
    where = detail["loc"]
    own = where[-1:] if detail["type"] == "extra_forbidden" else ()
    return (*_without_union_branches(where[: len(where) - len(own)]), *own)


def _what(detail: ErrorDetails, place: Place) -> str:
    name, given, kind = ".".join(str(step) for step in place) or "the study", detail["input"], detail["type"]
    if kind == "extra_forbidden":
        return f"unknown field {str(place[-1])!r}"
    if kind == "missing":
        return f"{name} is missing"
    if kind == "value_error":
        return f"{name}: {detail['ctx']['error']}"
    if kind in _WANTED:
        return f"{name} must be {_WANTED[kind]}, not {_brief(given)}"
    if kind == "too_short":
        return f"{name} must not be empty"
    message = detail["msg"].removeprefix("Input should be ").replace("Input should ", "must ")
    return f"{name} must be {message}, not {_brief(given)}" if not message.startswith("must") else f"{name} {message}"


def _hint(detail: ErrorDetails, place: Place, root: type[BaseModel]) -> str:
    if detail["type"] != "extra_forbidden":
        return ""
    if place[-1] in Looked.model_fields:
        return "it stands under seeds: {looks: [3, 5, 10]}"
    model = root
    for step in place[:-1]:
        model = _FIELDS.get(str(step), model)
    return did_you_mean(str(place[-1]), model.model_fields)


def _without_union_branches(place: Sequence[int | str]) -> Place:
    """Pydantic names the branch of a union it tried; a user never wrote that."""
    return tuple(step for step in place if not (isinstance(step, str) and ("[" in step or step in _BRANCHES)))


_WANTED = {
    "bool_type": "true or false", "string_type": "text", "list_type": "a list", "dict_type": "a mapping of names",
    "int_type": "a whole number", "float_type": "a number", "model_type": "a mapping of fields",
    "string_pattern_mismatch": "lower-case words joined by dots",
}  # fmt: skip
_BRANCHES = {"literal['train']", "Normalize", "EarlyStopping", "Split", "PartSpec"}


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
