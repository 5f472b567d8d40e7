"""What a user is told."""

import pickle

from ceteris.errors import InputError, Problem, did_you_mean


def test_a_problem_says_where_what_and_what_to_do():
    assert str(Problem("unknown field 'x'", "f.yaml:3", "did you mean 'y'?")) == (
        "f.yaml:3: unknown field 'x' (did you mean 'y'?)"
    )
    assert str(Problem("no seeds")) == "no seeds"


def test_an_error_holds_every_problem_one_a_line():
    error = InputError(Problem("one", "a"), "two")

    assert error.problems == (Problem("one", "a"), Problem("two"))
    assert str(error) == "a: one\ntwo"


def test_an_error_comes_back_whole_from_a_worker_process():
    error = InputError(Problem("one", "a", "b"), "two")

    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_the_nearest_word_is_suggested_or_all_are_listed():
    assert did_you_mean("resnet81", ["lenet", "resnet18"]) == "did you mean 'resnet18'?"
    assert did_you_mean("xyz", ["lenet", "digits"]) == "known: digits, lenet"
    assert did_you_mean("xyz", []) == ""
