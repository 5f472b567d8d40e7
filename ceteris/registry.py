"""Names -> builders: how a string in a study file becomes a model, a dataset, an optimizer.

A part is one function in one file of a part folder, marked with `@register(kind)`. Keyword-only parameters are its
options; positional ones are filled in by the product (`classes`, `image_size`, ...). The part folders are *read*, not
imported: names, options, defaults and summaries come from the source text, so listing parts and resolving a recipe
never import torch. Only `Part.build` imports, and only the one module it needs.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import textwrap
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from ceteris.errors import InputError, Problem, did_you_mean

KINDS = ("model", "data", "augment", "optimizer", "schedule", "loss", "probe")
PART_FOLDERS = ("data", "models", "optim", "probes")
REQUIRED = inspect.Parameter.empty

Location = str
"""Annotation of an option that says where something lies; never part of a trial's identity."""

Builder = TypeVar("Builder", bound=Callable[..., Any])
_added: dict[tuple[str, str], Part] = {}


@dataclass(frozen=True)
class Option:
    """One keyword-only parameter of a builder.

    `type` is what a value is checked against; `location` marks a path, which is kept out of keys.
    """

    name: str
    type: Any
    default: Any = REQUIRED
    location: bool = False

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    def describe(self) -> str:
        """`lr: float` or `momentum: float = 0.0`, as `ceteris parts` prints it."""
        shown = "path" if self.location else _type_name(self.type)
        return f"{self.name}: {shown}" + ("" if self.required else f" = {self.default!r}")


@dataclass(frozen=True)
class Part:
    """A registered builder, known by kind and name before its module is imported."""

    kind: str
    name: str
    version: str
    doc: str
    options: tuple[Option, ...]
    context: tuple[str, ...]
    module: str
    function: str

    @property
    def summary(self) -> str:
        return self.doc.strip().partition("\n")[0]

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with checked values and defaults filled in. Raises InputError naming every mistake."""
        known = {option.name: option for option in self.options}
        problems, resolved = [], {}
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or "it has no options"
                problems.append(Problem(f"{self.kind} {self.name!r} has no option {name!r}", name, hint))
        for option in self.options:
            if option.name not in given:
                if option.required:
                    problems.append(Problem(f"{self.kind} {self.name!r} needs the option {option.name!r}", option.name))
                resolved[option.name] = option.default
                continue
            try:
                resolved[option.name] = TypeAdapter(option.type).validate_python(given[option.name], strict=True)
            except ValidationError:
                value, wanted = given[option.name], _type_name(option.type)
                what = f"{self.kind} {self.name!r}: {option.name} must be {wanted}, not {value!r}"
                problems.append(Problem(what, option.name))
        if problems:
            raise InputError(*problems)
        return resolved

    def identity(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Name, version and every option but locations: what of this part goes into a key."""
        resolved = self.resolve(given)
        places = {option.name for option in self.options if option.location}
        return {"name": self.name, "version": self.version} | {k: v for k, v in resolved.items() if k not in places}

    def build(self, given: Mapping[str, Any], **context: Any) -> Any:
        """Call the builder with its options and those of the `context` values it asks for."""
        builder = getattr(importlib.import_module(self.module), self.function)
        return builder(*(context[name] for name in self.context), **self.resolve(given))


def register(kind: str, *, version: int = 1) -> Callable[[Builder], Builder]:
    """Mark a function as the builder of a part; its name with hyphens is the part's name.

    Raise `version` when a change to the builder changes numbers: old records then keep their old keys.
    Parts of the package are found by reading their files. One defined elsewhere (a user's script) is added here, and
    a hash of its source, and of what it names in its file, is its version: an edit never mixes old numbers with new.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: {', '.join(KINDS)}")

    def mark(builder: Builder) -> Builder:
        if not builder.__module__.startswith(f"{__package__}."):
            part = _from_function(kind, builder, version)
            _added[kind, part.name] = part
        return builder

    return mark


def parts(kind: str | None = None) -> list[Part]:
    """Every known part (of one kind), sorted by kind and name."""
    known = _in_package() | _added
    return [known[key] for key in sorted(known) if kind in (None, key[0])]


def part(kind: str, name: str) -> Part:
    """The part of that name; `_` and `-` are the same. Raises InputError with the nearest name."""
    known = {entry.name: entry for entry in parts(kind)}
    found = known.get(name.replace("_", "-"))
    if found is None:
        raise InputError(Problem(f"unknown {kind} {name!r}", hint=did_you_mean(name, known)))
    return found


def modules_added() -> tuple[str, ...]:
    """Modules outside the package that registered parts: a worker process imports them too."""
    return tuple(sorted({entry.module for entry in _added.values()}))


@cache
def _in_package() -> dict[tuple[str, str], Part]:
    root = Path(__file__).parent
    found: dict[tuple[str, str], Part] = {}
    for folder in PART_FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if "@register(" not in text:
                continue
            module = ".".join((__package__, *file.relative_to(root).with_suffix("").parts))
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef):
                    for mark in node.decorator_list:
                        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "register":
                            entry = _from_source(node, mark, module)
                            found[entry.kind, entry.name] = entry
    return found


def _from_source(node: ast.FunctionDef, mark: ast.Call, module: str) -> Part:
    options = []
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        value = REQUIRED if default is None else ast.literal_eval(default)
        located = argument.annotation is not None and ast.unparse(argument.annotation) == "Location"
        options.append(Option(argument.arg, _type_from_source(argument.annotation), value, located))
    versions = [ast.literal_eval(word.value) for word in mark.keywords if word.arg == "version"]
    return Part(
        kind=ast.literal_eval(mark.args[0]),
        name=node.name.replace("_", "-"),
        version=str(versions[0] if versions else 1),
        doc=ast.get_docstring(node) or "",
        options=tuple(options),
        context=tuple(argument.arg for argument in node.args.args),
        module=module,
        function=node.name,
    )


def _from_function(kind: str, builder: Callable[..., Any], version: int) -> Part:
    hints = typing.get_type_hints(builder)
    parameters = inspect.signature(builder).parameters.values()
    named = [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    source = hashlib.sha256(_source(builder).encode()).hexdigest()
    return Part(
        kind=kind,
        name=builder.__name__.replace("_", "-"),
        version=f"{version}+{source}",
        doc=inspect.getdoc(builder) or "",
        options=tuple(Option(p.name, hints.get(p.name, Any), p.default) for p in named),
        context=tuple(p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY),
        module=builder.__module__,
        function=builder.__name__,
    )


def _source(builder: Callable[..., Any]) -> str:
    """The text of a builder and of every top-level definition of its file that it needs, directly or not."""
    lines, _ = inspect.findsource(builder)
    own = inspect.getsource(builder)
    defined = {name: node for node in ast.parse("".join(lines)).body for name in _defines(node)}
    needed: dict[str, ast.stmt] = {}
    waiting = _names(ast.parse(textwrap.dedent(own)))
    while waiting:
        name = waiting.pop()
        if name in defined and name not in needed and name != builder.__name__:
            needed[name] = defined[name]
            waiting |= _names(defined[name])
    return "\n".join([own, *(ast.unparse(needed[name]) for name in sorted(needed))])


def _defines(node: ast.stmt) -> list[str]:
    """Names that a statement of a file defines, by `def`, `class` or assignment."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


_SIMPLE = {"int": int, "float": float, "str": str, "bool": bool, "None": type(None), "Location": str}


def _type_from_source(node: ast.expr | None) -> Any:
    """The type that an option's annotation spells: names, `X | Y`, `list[X]`, `dict[str, X]`, `Literal[...]`."""
    if isinstance(node, ast.Name) and node.id in _SIMPLE:
        return _SIMPLE[node.id]
    if isinstance(node, ast.Constant) and node.value is None:
        return type(None)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _type_from_source(node.left) | _type_from_source(node.right)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id == "list":
            return types.GenericAlias(list, (_type_from_source(inner[0]),))
        if node.value.id == "dict":
            return types.GenericAlias(dict, tuple(_type_from_source(part) for part in inner))
        if node.value.id == "Literal":
            return Literal.__getitem__(tuple(ast.literal_eval(part) for part in inner))
    raise TypeError(f"an option cannot be annotated {ast.unparse(node) if node else 'with nothing'}")


def _type_name(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(kind))
    if kind is type(None):
        return "None"
    if isinstance(kind, types.UnionType):
        return " or ".join(_type_name(member) for member in typing.get_args(kind))
    if isinstance(kind, types.GenericAlias):
        return str(kind)
    return {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}.get(
        getattr(kind, "__name__", ""), str(kind)
    )
