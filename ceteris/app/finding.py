"""From what the user typed to a Study: a built-in name, a YAML file, or `module:object`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

import ceteris.studies
from ceteris.app.importing import import_module
from ceteris.errors import InputError, Problem, did_you_mean
from ceteris.lab.plan import Locate, by_path
from ceteris.study.reading import StudyFile, read_study
from ceteris.study.vocabulary import Study

BUILT_IN = Path(ceteris.studies.__file__).parent


def built_in_studies() -> dict[str, Path]:
    """Name -> file, sorted."""
    return {file.stem: file for file in sorted(BUILT_IN.glob("*.yaml"))}


def find_study(name: str) -> tuple[Study, Locate]:
    """The study and how to locate a mistake in it. Raises InputError."""
    known = built_in_studies()
    if name in known:
        return _opened(StudyFile(known[name].read_text(encoding="utf-8"), f"{name}.yaml"))
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return _opened(read_study(path))
    if ":" in name:
        return _from_module(name), by_path
    hint = f"{did_you_mean(name, known)}; or give a YAML file, or module:object"
    raise InputError(Problem(f"unknown study {name!r}", hint=hint))


def set_values(sets: tuple[str, ...]) -> dict[str, Any]:
    """`("epochs=3", "model.width=8")` as {"epochs": 3, "model.width": 8}. Raises InputError."""
    values: dict[str, Any] = {}
    for each in sets:
        path, equals, text = each.partition("=")
        if not equals or not path:
            raise InputError(Problem(f"{each!r} is not PATH=VALUE", "--set", "for example --set epochs=3"))
        try:
            values[path.strip()] = YAML(typ="safe", pure=True).load(text)
        except YAMLError:
            raise InputError(Problem(f"{text!r} is not a value", f"--set {path}")) from None
    return values


def seed_list(count: int | None) -> list[int] | None:
    """`--seeds 3` as [0, 1, 2]. Raises InputError for 0 and less."""
    if count is not None and count < 1:
        raise InputError(Problem(f"needs at least 1 seed, not {count}", "--seeds"))
    return None if count is None else list(range(count))


def _opened(file: StudyFile) -> tuple[Study, Locate]:
    return file.study(), file.line


def _from_module(name: str) -> Study:
    module_name, _, attribute = name.partition(":")
    module = import_module(module_name)
    study = getattr(module, attribute, None)
    if not isinstance(study, Study):
        studies = [key for key, value in vars(module).items() if isinstance(value, Study)]
        raise InputError(
            Problem(f"{module_name} has no Study called {attribute!r}", name, did_you_mean(attribute, studies))
        )
    return study
