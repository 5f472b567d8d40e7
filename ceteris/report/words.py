"""The message tables: every word the report prints that is not a name or a number, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ceteris.errors import InputError, Problem, did_you_mean

FOLDER = Path(__file__).parent / "text"


class Words:
    """One language's message table: `words("verdict.same", arm="a")` fills the placeholders of that message."""

    def __init__(self, language: str) -> None:
        known = languages()
        if language not in known:
            problem = Problem(f"no report in language {language!r}", "--lang", did_you_mean(language, known))
            raise InputError(problem)
        self.language = language
        self.table = table(language)

    def __call__(self, key: str, **values: object) -> str:
        """The message of that key. Raises KeyError for an unknown key or a placeholder without a value."""
        message = self.table[key]
        return message.format_map(values)

    def count(self, noun: str, number: int) -> str:
        """A number with its noun in the right form: `count("seed", 1)` -> "1 seed"."""
        return self(f"count.{noun}.{'one' if number == 1 else 'other'}", n=f"{number:,}")

    def listed(self, items: list[str]) -> str:
        """Names joined as the language joins them: "a, b and c"."""
        if len(items) < 2:
            return "".join(items)
        return self("list.comma").join(items[:-1]) + self("list.and") + items[-1]


def languages() -> list[str]:
    """The languages that there is a message table for."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


@cache
def table(language: str) -> Mapping[str, str]:
    """A language's messages by dotted key."""
    tree = YAML(typ="safe", pure=True).load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return dict(_leaves("", tree))


def _leaves(path: str, node: Any) -> list[tuple[str, str]]:
    if isinstance(node, Mapping):
        return [leaf for name, item in node.items() for leaf in _leaves(f"{path}.{name}" if path else name, item)]
    return [(path, str(node))]
