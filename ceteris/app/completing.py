"""What a shell offers after Tab. A half-typed line is no mistake: where something is wrong, nothing is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

Completing = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
DIGITS = 16
"""Of a key, as `status` shows it."""
MOST = 200
"""Keys that are offered: nobody chooses among more."""


def _offering(values: Callable[[dict[str, Any], str], Iterable[str]]) -> Completing:
    """Those of the values that begin as typed."""

    @wraps(values)
    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            found = islice((value for value in values(context.params, typed) if value.startswith(typed)), MOST)
            return [CompletionItem(value) for value in found]
        except Exception:  # of a study that cannot be read, a store that is none: the command itself will say it
            return []

    return complete


@_offering
def studies(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Built-in studies and YAML files, and folders on the way to them."""
    from ceteris.app.finding import built_in_studies

    folder = typed[: typed.rfind("/") + 1]
    yield from built_in_studies()
    for path in sorted(Path(folder).iterdir()):
        if path.suffix in (".yaml", ".yml") or (folder and path.is_dir()):
            yield f"{folder}{path.name}" + "/" * path.is_dir()


@_offering
def scales(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Those that most studies have: which study it is, a line that ends in `--scale` does not tell click."""
    return ["full", "laptop", "smoke"]


@_offering
def arm_names(given: dict[str, Any], typed: str) -> Iterable[str]:
    """The arms of the study."""
    from ceteris.app.finding import find_study, set_values
    from ceteris.app.importing import import_modules
    from ceteris.study.arms import arms

    import_modules(given["modules"])
    study, _ = find_study(given["study"])
    return [arm.name for arm in arms(study, given["scale"], set_values(given["sets"]))]


@_offering
def keys(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Complete trials of the store, by the first digits of their keys."""
    from ceteris.store.records import Store

    return (key[: max(DIGITS, len(typed))] for key in Store(given["store"]).keys(typed))


@_offering
def kinds(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Kinds of parts."""
    from ceteris import registry

    return registry.KINDS


@_offering
def datasets(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Data sets of the package."""
    from ceteris import registry

    return [part.name for part in registry.parts("data")]


@_offering
def devices(given: dict[str, Any], typed: str) -> Iterable[str]:
    """Kinds of devices, whether they are here or not."""
    return ["cpu", "cuda", "mps"]
