"""What an architecture can be built for, said before it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ceteris.errors import InputError, Problem, did_you_mean
from ceteris.models.layers.activations import ACTIVATIONS
from ceteris.models.layers.norms import NORMS


def check_limits(model: str, image_size: int, smallest: int, **options: Any) -> None:
    """Raise InputError for images of fewer than `smallest` pixels a side and for every option that cannot be.

    Args:
        model: the architecture's name, for the message.
        image_size: pixels a side.
        smallest: pixels a side that the architecture needs.
        options: any of width, growth (at least 1), activation, norm (known names), dropout, conv_dropout, fc_dropout
            (from 0 to below 1).
    """
    problems = []
    if image_size < smallest:
        what = f"{model} needs images of at least {smallest} x {smallest} pixels, not {image_size} x {image_size}"
        problems.append(Problem(what, "model", "choose another model or data set"))
    problems += [problem for name, value in options.items() if (problem := _CHECKS[name](model, name, value))]
    if problems:
        raise InputError(*problems)


def _at_least_one(model: str, name: str, value: int) -> Problem | None:
    return None if value >= 1 else Problem(f"{model}: {name} must be at least 1, not {value}", name)


def _share(model: str, name: str, value: float) -> Problem | None:
    if 0 <= value < 1:
        return None
    return Problem(f"{model}: {name} must be at least 0 and below 1, not {value}", name, "0 turns it off")


def _activation(model: str, name: str, value: str) -> Problem | None:
    return None if value in ACTIVATIONS else _unknown(model, name, value, list(ACTIVATIONS))


def _norm(model: str, name: str, value: str) -> Problem | None:
    return None if value in NORMS else _unknown(model, name, value, list(NORMS))


def _unknown(model: str, name: str, value: str, known: list[str]) -> Problem:
    return Problem(f"{model}: unknown {name} {value!r}", name, did_you_mean(value, known))


_CHECKS: dict[str, Callable[[str, str, Any], Problem | None]] = {
    "width": _at_least_one,
    "growth": _at_least_one,
    "activation": _activation,
    "norm": _norm,
    "dropout": _share,
    "conv_dropout": _share,
    "fc_dropout": _share,
}
