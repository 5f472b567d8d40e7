"""Study files: YAML 1.2 in, a Study out, or every mistake at once with its line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ceteris.errors import InputError, Problem
from ceteris.study.mistakes import Place, problems_of
from ceteris.study.vocabulary import Study

_PLAIN: tuple[type, ...] = (int, float, str)
LARGEST_FILE = 1_000_000
"""Bytes; a study file is a page, and a limit stops a file that unfolds without end."""


class StudyFile:
    """A study file's text, and where in it things stand."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.tree = _parse(text, name)

    def line(self, place: Place) -> str:
        """`file.yaml:12` for a place such as ("baseline", "epochs"): its own line, or its parent's."""
        node, line = self.tree, 0
        for step in place:
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
            return Study.model_validate(_plain(self.tree))
        except ValidationError as error:
            raise InputError(*problems_of(error, self.line, Study)) from None


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
    return StudyFile(text, str(path))


def write_study(study: Study) -> str:
    """The study as YAML; reading it back gives an equal study."""
    text = StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.dump(study.model_dump(mode="json", exclude_defaults=True), text)
    return text.getvalue()


def _parse(text: str, name: str) -> Any:
    if "*" in text and "&" in text and text.count("*") > 100:
        raise InputError(Problem("more than 100 aliases", name, "write the values out"))
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(Problem(f"not valid YAML: {error.problem}", f"{name}:{line}")) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(Problem(f"not valid YAML: {error}", name)) from None
    if not isinstance(tree, CommentedMap):
        raise InputError(Problem("a study file is a mapping of fields (name, question, baseline, ...)", f"{name}:1"))
    return tree


def _plain(node: Any) -> Any:
    """Ruamel's round-trip types as the plain values that the same study in Python would hold."""
    if isinstance(node, CommentedMap):
        return {str(name): _plain(value) for name, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in _PLAIN:
        if isinstance(node, kind):
            return kind(node)
    raise InputError(Problem(f"{type(node).__name__} is not a value that a study can hold", hint="use text or numbers"))
