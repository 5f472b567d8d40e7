"""Finding parts by reading their files, resolving options, and parts that a user adds."""

import ast
import importlib
import inspect
import subprocess
import sys
import textwrap
from typing import Literal

import pytest

from ceteris import registry
from ceteris.errors import InputError
from ceteris.registry import KINDS, Option, part, parts, register

ALL = [pytest.param(entry, id=f"{entry.kind}-{entry.name}") for entry in parts()]
WRONG = {int: 1.5, float: "much", str: 3, bool: 1}


@pytest.fixture
def added(monkeypatch):
    """Parts added in a test are gone after it."""
    monkeypatch.setattr(registry, "_added", {})


def problems(call, *arguments):
    with pytest.raises(InputError) as refused:
        call(*arguments)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("entry", ALL)
def test_what_is_read_from_the_source_is_what_python_says(entry):
    builder = getattr(importlib.import_module(entry.module), entry.function)
    signature = inspect.signature(builder).parameters.values()
    named = [p for p in signature if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert entry.context == tuple(p.name for p in signature if p not in named)
    assert [option.name for option in entry.options] == [p.name for p in named]
    for option, parameter in zip(entry.options, named, strict=True):
        assert option.default == parameter.default
        assert type(option.default) is type(parameter.default)
        assert option.type == eval(parameter.annotation, builder.__globals__)
    assert entry.doc == inspect.getdoc(builder)


@pytest.mark.parametrize("entry", ALL)
def test_every_part_says_what_it_is_in_one_line(entry):
    assert entry.summary.endswith(".")
    assert len(entry.summary) < 120


@pytest.mark.parametrize("entry", ALL)
def test_every_part_resolves_once_its_required_options_are_given(entry):
    needed = [option.name for option in entry.options if option.required]
    if needed:
        assert problems(entry.resolve, {}) == [
            f"{o}: {entry.kind} {entry.name!r} needs the option {o!r}" for o in needed
        ]
    values = {int: 2, float: 0.5, str: "text", bool: True}
    resolved = entry.resolve({o.name: values[o.type] for o in entry.options if o.required})
    assert list(resolved) == [option.name for option in entry.options]
    assert entry.resolve(resolved) == resolved


def test_the_parts_of_the_quickstart_are_there():
    names = {(entry.kind, entry.name) for entry in parts()}
    assert {
        ("model", "plain-cnn"), ("model", "resnet14"), ("optimizer", "sgd"), ("schedule", "cosine"),
        ("loss", "cross-entropy"),
    } <= names  # fmt: skip
    assert {kind for kind, _ in names} <= set(KINDS)


def test_parts_are_sorted_and_of_one_kind():
    listed = [(entry.kind, entry.name) for entry in parts()]
    assert listed == sorted(listed)
    assert [entry.kind for entry in parts("schedule")] == ["schedule"] * len(parts("schedule"))


def test_listing_and_resolving_never_import_torch():
    code = (
        "import sys; from ceteris.registry import part, parts; parts(); part('optimizer', 'sgd').identity({'lr': 1}); "
    )
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_hyphens_and_underscores_are_the_same():
    assert part("model", "plain_cnn") is part("model", "plain-cnn")
    assert part("model", "plain_cnn").name == "plain-cnn"


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        ("model", "resnet-14", "did you mean 'resnet14'?"),
        ("optimizer", "qqqq", "known: adam, adamw, lookahead-sgd, sgd"),
    ],
)
def test_an_unknown_name_brings_the_nearest_or_all(kind, name, hint):
    assert problems(part, kind, name) == [f"unknown {kind} {name!r} ({hint})"]


def test_every_mistake_in_the_options_is_told_at_once():
    given = {"momentun": 0.9, "momentum": "much", "nesterov": 1}
    assert problems(part("optimizer", "sgd").resolve, given) == [
        "momentun: optimizer 'sgd' has no option 'momentun' (did you mean 'momentum'?)",
        "lr: optimizer 'sgd' needs the option 'lr'",
        "momentum: optimizer 'sgd': momentum must be a number, not 'much'",
        "nesterov: optimizer 'sgd': nesterov must be true or false, not 1",
    ]


def test_a_part_without_options_says_so():
    assert problems(part("data", "cifar10").resolve, {"speed": 1}) == [
        "speed: data 'cifar10' has no option 'speed' (it has no options)"
    ]


@pytest.mark.parametrize(("kind", "value"), [*WRONG.items(), (int, True), (float, True), (int, None)])
def test_values_of_the_wrong_type_are_refused(kind, value, added):
    @register("loss")
    def picky(*, number: int = 0, share: float = 0.0, word: str = "", switch: bool = False):
        """Anything."""

    name = {int: "number", float: "share", str: "word", bool: "switch"}[kind]
    assert len(problems(part("loss", "picky").resolve, {name: value})) == 1


def test_a_whole_number_is_a_number_and_equal_in_a_key():
    identity = part("optimizer", "sgd").identity({"lr": 1})
    assert identity == {
        "name": "sgd", "version": "1", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False,
    }  # fmt: skip
    assert type(identity["lr"]) is float


def test_an_option_describes_itself():
    assert Option("lr", float).describe() == "lr: a number"
    assert Option("bias", bool, True).describe() == "bias: true or false = True"
    assert Option("limit", int | None, None).describe() == "limit: a whole number or None = None"
    assert Option("mode", Literal["a", "b"], "a").describe() == "mode: 'a' or 'b' = 'a'"
    assert Option("root", str, location=True).describe() == "root: path"


def load(folder, name, text, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    (folder / f"{name}.py").write_text(textwrap.dedent(text))
    importlib.invalidate_caches()
    return importlib.import_module(name)


def test_building_passes_only_the_context_that_is_asked_for(added, tmp_path, monkeypatch):
    source = '''
        from ceteris.registry import register

        @register("model")
        def counted(classes, image_size, *, width: int = 2):
            """What it was given."""
            return classes, image_size, width
        '''
    load(tmp_path, "context_script", source, monkeypatch)
    assert part("model", "counted").build({"width": 5}, classes=10, channels=3, image_size=32) == (10, 32, 5)


def test_a_part_added_elsewhere_is_listed_and_can_replace_one(added, tmp_path, monkeypatch):
    source = '''
        from ceteris.registry import register

        @register("schedule")
        def constant():
            """Not the usual one."""
            return "mine"
        '''
    load(tmp_path, "replacing_script", source, monkeypatch)
    assert part("schedule", "constant") in parts("schedule")
    assert part("schedule", "constant").summary == "Not the usual one."
    assert part("schedule", "constant").build({}) == "mine"
    assert registry.modules_added() == ("replacing_script",)


def test_an_edit_of_what_a_part_needs_changes_its_version_and_no_other_does(added, tmp_path, monkeypatch):
    source = """
        from ceteris.registry import register

        WIDTH = {width}
        UNUSED = {unused}

        @register("model")
        def my_net(classes):
            return MyNet(classes)

        class MyNet:
            def __init__(self, classes):
                self.size = grown(classes) + {inside}

        def grown(size):
            return size * WIDTH
    """
    versions = []
    for number, values in enumerate([(1, 0, 0), (1, 0, 9), (2, 0, 0), (1, 5, 0)]):
        width, inside, unused = values
        load(tmp_path, f"needing_{number}", source.format(width=width, inside=inside, unused=unused), monkeypatch)
        versions.append(part("model", "my-net").version)
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_an_edit_changes_the_version_of_a_part_added_elsewhere(added, tmp_path, monkeypatch):
    source = """
        from ceteris.registry import register

        @register("loss", version=3)
        def my_loss(*, weight: float = {default}):
            return weight
        """
    versions = []
    for name, default in (("first_script", 1.0), ("same_script", 1.0), ("edited_script", 2.0)):
        load(tmp_path, name, source.format(default=default), monkeypatch)
        versions.append(part("loss", "my-loss").version)
    assert versions[0] == versions[1] != versions[2]
    assert all(version.startswith("3+") and len(version) == 2 + 64 for version in versions)


def test_a_kind_that_does_not_exist_is_the_programmers_mistake():
    with pytest.raises(ValueError, match="unknown kind 'layer'"):
        register("layer")


def read(text):
    """A part as it is read from source."""
    node = ast.parse(textwrap.dedent(text)).body[0]
    return registry._from_source(node, node.decorator_list[0], "somewhere")


def test_reading_a_source_covers_every_annotation_an_option_may_have():
    entry = read('''
        @register("data", version=4)
        def my_set(place, *, root: Location, limit: int | None = None, sizes: list[int] = [1, 2],
                   names: dict[str, float] = {"a": 1.0}, mode: Literal["x", "y"] = "x"):
            """One line.

            More.
            """
        ''')
    assert (entry.kind, entry.name, entry.version, entry.summary) == ("data", "my-set", "4", "One line.")
    assert (entry.context, entry.function) == (("place",), "my_set")
    assert [(o.name, o.type) for o in entry.options] == [
        ("root", str), ("limit", int | None), ("sizes", list[int]), ("names", dict[str, float]),
        ("mode", Literal["x", "y"]),
    ]  # fmt: skip
    assert [o.name for o in entry.options if o.location] == ["root"]
    assert entry.resolve({"root": "/a"})["names"] == {"a": 1.0}
    assert problems(entry.resolve, {"root": "/a", "mode": "z"}) == [
        "mode: data 'my-set': mode must be 'x' or 'y', not 'z'"
    ]


def test_where_things_lie_is_no_part_of_an_identity():
    entry = read('@register("data")\ndef my_set(*, root: Location, size: int = 3): "Images."')
    assert entry.identity({"root": "/here"}) == entry.identity({"root": "/there"})
    assert entry.identity({"root": "/here"}) == {"name": "my-set", "version": "1", "size": 3}


def test_an_option_without_a_type_is_refused():
    with pytest.raises(TypeError, match="with nothing"):
        read('@register("loss")\ndef loose(*, weight=1.0): "No type."')
