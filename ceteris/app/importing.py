"""A user's own Python module: imported from the working folder, its mistakes in words."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from ceteris.errors import InputError, Problem
from ceteris.lab.plan import by_path
from ceteris.study.mistakes import Place, problems_of


def import_module(name: str) -> ModuleType:
    """The module of that name, from the working folder or wherever Python finds it.

    Raises InputError for a name that is none, a module that is not there, and whatever goes wrong while it is imported,
    with the line of the user's file.
    """
    if not all(word.isidentifier() for word in name.split(".")):
        raise InputError(Problem(f"{name!r} is not the name of a module", hint="without .py, with dots for folders"))
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # stays there: worker processes import the module too
    try:
        return importlib.import_module(name)
    except InputError:
        raise
    except ValidationError as error:
        line = _where(error)
        raise InputError(*problems_of(error, lambda place: _at(line, place))) from None
    except (Exception, SystemExit) as error:  # whatever the user's code raises is a mistake of the user's
        what = f"cannot import {name!r}: {_in_words(error)}"
        raise InputError(Problem(what, _where(error))) from None


def import_modules(names: Sequence[str]) -> None:
    """Import each of them, so that the parts that they register are known. Raises InputError."""
    for name in names:
        import_module(name)


def _in_words(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return said if isinstance(error, ImportError) else f"{type(error).__name__}: {said}"


def _at(line: str, place: Place) -> str:
    return ", ".join(each for each in (line, by_path(place)) if each)


def _where(error: BaseException) -> str:
    """The last line of code of the user's own that ran, as file:line; empty without one."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _is_own(file: str) -> bool:
    """Not of Python, of an installed library, or of this package."""
    path, others = Path(file), (Path(__file__).parents[1], Path(sys.prefix), Path(sys.base_prefix))
    return path.is_file() and not any(path.is_relative_to(other) for other in others)
