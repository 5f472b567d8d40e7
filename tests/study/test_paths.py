"""Dotted paths: set, read and compare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.errors import InputError
from ceteris.study.paths import differences, value_at, with_value

PLAIN = {"model": "lenet", "optimizer": {"name": "sgd", "lr": 0.1}, "epochs": 3, "augment": []}


@given(st.sampled_from(["epochs", "model.width", "optimizer.lr", "optimizer.warm.up"]), st.integers())
def test_what_is_set_is_read_back_and_the_rest_is_kept(path, value):
    changed = with_value(PLAIN, path, value)

    assert value_at(changed, path) == value
    assert PLAIN == {"model": "lenet", "optimizer": {"name": "sgd", "lr": 0.1}, "epochs": 3, "augment": []}
    assert {name for name in PLAIN if changed[name] != PLAIN[name]} <= {path.partition(".")[0]}


def test_an_option_of_a_part_given_by_name_keeps_the_name():
    assert with_value(PLAIN, "model.width", 8)["model"] == {"name": "lenet", "width": 8}


def test_a_part_is_replaced_whole():
    assert with_value(PLAIN, "optimizer", {"name": "adam"})["optimizer"] == {"name": "adam"}


def test_a_value_that_is_not_there_is_none():
    assert value_at(PLAIN, "optimizer.momentum") is None
    assert value_at(PLAIN, "epochs.more") is None


def test_a_path_out_of_the_recipe_is_refused():
    with pytest.raises(InputError, match="did you mean 'optimizer'"):
        with_value(PLAIN, "optimiser.lr", 1)


def test_an_option_of_the_same_part_is_one_difference():
    other = with_value(with_value(PLAIN, "optimizer.lr", 0.2), "optimizer.momentum", 0.9)

    assert differences(PLAIN, other) == {"optimizer.lr": (0.1, 0.2), "optimizer.momentum": (None, 0.9)}


def test_another_part_is_one_difference_whatever_its_options():
    other = PLAIN | {"optimizer": {"name": "adam", "lr": 0.2, "betas": [0.9, 0.99]}}

    assert differences(PLAIN, other) == {"optimizer": (PLAIN["optimizer"], other["optimizer"])}


def test_equal_recipes_do_not_differ():
    assert differences(PLAIN, dict(reversed(PLAIN.items()))) == {}
