import pytest

from ceteris.lab.surroundings import PACKAGES, changes, surroundings


def test_nothing_changed_between_two_looks():
    assert changes(surroundings("cpu"), surroundings("cpu")) == ""


@pytest.mark.parametrize("name", ["ceteris", "python", "processor", "system", "device", *PACKAGES])
def test_every_change_is_named_with_both_values(name):
    now = surroundings("cpu")
    assert changes(now | {name: "0.1"}, now) == f"{name} 0.1 is now {now[name]}"


def test_what_one_side_does_not_know_is_a_change():
    now = surroundings("cpu")
    assert changes(now | {"blas": "1"}, now) == "blas 1 is now unknown"
    assert changes({k: v for k, v in now.items() if k != "torch"}, now).startswith("torch unknown is now ")
    assert changes(None, now) == "it does not say what it was made under"


def test_compiling_is_another_surrounding():
    assert changes(surroundings("cpu"), surroundings("cpu", compiled=True)) == "device cpu is now cpu, compiled"
