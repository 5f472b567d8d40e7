"""Study files: YAML 1.2 in, a Study out, or every mistake at once with its line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.scalarbool import ScalarBoolean

from ceteris.errors import InputError, Problem
from ceteris.study.mistakes import Place, problems_of
from ceteris.study.vocabulary import Study

_SCALARS: tuple[type, ...] = (int, float, str)
LARGEST_FILE = 100_000
"""Bytes; a study file is a page."""
MOST_LINES = 5_000
MOST_VALUES = 5_000
"""Values after every alias is written out: a few short lines of aliases to aliases would fill the memory."""
DEEPEST = 50
"""Levels of nesting; a recipe needs five."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class StudyFile:
    """A study file's text, and where in it things stand."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.tree = _parse(text, name)

    def line(self, place: Place) -> str:
        """`file.yaml:12` for a place such as ("baseline", "epochs"): its own line, or its parent's."""
        node, line = self.tree, 0
        for step in place:
            if isinstance(node, CommentedMap) and isinstance(step, int) and step < len(node):
                step = list(node)[step]  # noqa: PLW2901 - levels may be a list or a mapping
            if isinstance(node, CommentedMap) and step in node:
                line = node.lc.key(step)[0]
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line = node.lc.item(step)[0]
            else:
                break
            node = node[step]
        return f"{self.name}:{line + 1}"

    def study(self) -> Study:
        """The Study. Raises InputError naming every mistake with its line."""
        try:
            return Study.model_validate(self._plain(self.tree, (), itertools.count(1)))
        except ValidationError as error:
            raise InputError(*problems_of(error, self.line, Study)) from None

    def _plain(self, node: Any, place: Place, counter: Iterator[int]) -> Any:
        """Ruamel's round-trip types as the plain values that the same study in Python would hold."""
        if next(counter) > MOST_VALUES or len(place) > DEEPEST:
            raise InputError(Problem("aliases unfold into too many values", self.line(place), "write the values out"))
        if isinstance(node, CommentedMap):
            return {self._name(name, place): self._plain(node[name], (*place, name), counter) for name in node}
        if isinstance(node, CommentedSeq):
            return [self._plain(value, (*place, i), counter) for i, value in enumerate(node)]
        if isinstance(node, bool) or node is None:
            return node
        if isinstance(node, ScalarBoolean):  # what ruamel makes of a boolean with an anchor; a kind of int
            return bool(node)
        for kind in _SCALARS:
            if isinstance(node, kind):
                return kind(node)
        raise InputError(_not_a_value(type(node).__name__, self.line(place)))

    def _name(self, name: Any, place: Place) -> str:
        """Numbers may name a level or an arm; `true`, `null` and lists are slips of the pen."""
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            raise InputError(Problem(f"{name!r} cannot name a field", self.line((*place, name)), "put it in quotes"))
        return str(name)


def read_study(path: Path) -> StudyFile:
    """Open a study file. Raises InputError when it cannot be read or is not YAML."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(Problem("too large for a study file", str(path), f"at most {LARGEST_FILE:,} bytes"))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    except UnicodeDecodeError:
        raise InputError(Problem("is not UTF-8 text", str(path))) from None
    if text.count("\n") > MOST_LINES:
        raise InputError(Problem(f"more than {MOST_LINES:,} lines", str(path), "a study file is a page"))
    return StudyFile(text, str(path))


def write_study(study: Study) -> str:
    """The study as YAML; reading it back gives an equal study."""
    return _as_yaml(study.model_dump(mode="json", exclude_defaults=True))


def write_recipe(resolved: Mapping[str, Any]) -> str:
    """A resolved recipe as YAML, to stand under `baseline:` in a study; versions of parts are left out."""
    return _as_yaml({field: _without_version(value) for field, value in resolved.items()})


def _without_version(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_version(item) for item in value]
    if isinstance(value, Mapping) and "name" in value:
        return {name: option for name, option in value.items() if name != "version"}
    return value


def _as_yaml(tree: Mapping[str, Any]) -> str:
    text = StringIO()
    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.dump(tree, text)
    return text.getvalue()


def _parse(text: str, name: str) -> Any:
    try:
        _check_events(text, name)
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(Problem(f"not valid YAML: {error.problem}", f"{name}:{line}")) from None
    except (YAMLError, ValueError, IndexError, OverflowError, RecursionError) as error:
        raise InputError(Problem(f"not valid YAML: {error}", name)) from None
    if not isinstance(tree, CommentedMap):
        raise InputError(Problem("a study file is a mapping of fields (name, question, baseline, ...)", f"{name}:1"))
    return tree


def _check_events(text: str, name: str) -> None:
    """Refuse what would build objects, take long or exhaust the stack, before anything is built."""
    depth = 0
    for count, event in enumerate(YAML(typ="rt").parse(text)):
        where = f"{name}:{event.start_mark.line + 1}"
        if count > MOST_VALUES:
            raise InputError(Problem(f"more than {MOST_VALUES:,} values", where, "a study file is a page"))
        if isinstance(event, ScalarEvent):
            _check_scalar(event, where)
        if getattr(event, "tag", None) is not None:
            raise InputError(_not_a_value(str(event.tag), where))
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(Problem(f"nested more than {DEEPEST} levels deep", where))


def _check_scalar(event: ScalarEvent, where: str) -> None:
    """Refuse merge keys, which YAML 1.2 does not have, and characters that no file of ours can hold."""
    if event.value == "<<" and event.implicit[0]:
        raise InputError(Problem("merge keys (<<) are not read", where, "write the fields out"))
    if (found := _UNPRINTABLE.search(event.value)) is not None:
        raise InputError(Problem(f"{found.group()!r} is not a character of a text", where, "remove it"))


def _not_a_value(what: str, where: str) -> Problem:
    return Problem(f"{what} is not a value that a study can hold", where, "use text, numbers, true, false or null")
