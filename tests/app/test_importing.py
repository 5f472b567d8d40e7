"""A user's module: found in the working folder, and every mistake in it is said in words, with its line."""

import pytest

from ceteris.app.importing import import_module, import_modules
from ceteris.errors import InputError

BROKEN = {
    "def x(:\n": "SyntaxError: invalid syntax",
    "y = 1\n\n1 / 0\n": "ZeroDivisionError: division by zero",
    "import nothing_there\n": "No module named 'nothing_there'",
    "import sys\nsys.exit(0)\n": "SystemExit: 0",
    "import numpy\nnumpy.zeros(-1)\n": "ValueError: negative dimensions are not allowed",
}


@pytest.mark.parametrize(("code", "said"), BROKEN.items())
def test_what_goes_wrong_in_a_module_is_said_with_its_line(code, said, tmp_path):
    name = f"broken_{abs(hash(code))}"
    (tmp_path / f"{name}.py").write_text(code)
    with pytest.raises(InputError) as raised:
        import_module(name)
    line = len(code.splitlines())
    assert str(raised.value) == f"{tmp_path / name}.py:{line}: cannot import {name!r}: {said}"


def test_mistakes_in_the_words_of_a_study_are_all_named(tmp_path):
    (tmp_path / "worded.py").write_text(
        "from ceteris import Recipe\nrecipe = Recipe(data='digits', model='lenet', epochs='two', bogus=1)\n"
    )
    with pytest.raises(InputError) as raised:
        import_module("worded")
    problems = {problem.where.rpartition(", ")[2]: problem for problem in raised.value.problems}
    assert set(problems) == {"epochs", "bogus", "optimizer"}
    assert problems["epochs"].where.startswith(f"{tmp_path / 'worded.py'}:2, ")
    assert problems["optimizer"].what == "optimizer is missing"


def test_a_mistake_that_the_module_itself_names_stands_as_it_is(tmp_path):
    (tmp_path / "refusing.py").write_text("from ceteris.errors import InputError\nraise InputError('not like this')\n")
    with pytest.raises(InputError, match=r"^not like this$"):
        import_module("refusing")


@pytest.mark.parametrize("name", ["", "a/b.py", "own.py.", "a-b", ".."])
def test_what_is_no_name_of_a_module(name):
    with pytest.raises(InputError, match="is not the name of a module"):
        import_module(name)


def test_a_module_that_is_not_there_has_no_line():
    with pytest.raises(InputError) as raised:
        import_module("not_anywhere")
    assert str(raised.value) == "cannot import 'not_anywhere': No module named 'not_anywhere'"


def test_several_are_imported_in_order(tmp_path):
    for name in ("first_of_two", "second_of_two"):
        (tmp_path / f"{name}.py").write_text(f"from pathlib import Path\nPath({name!r}).touch()\n")
    import_modules(["first_of_two", "second_of_two"])
    assert all((tmp_path / name).is_file() for name in ("first_of_two", "second_of_two"))
