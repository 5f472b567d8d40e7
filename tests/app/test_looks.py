"""Registered looks from the command line: planned, run look by look, told, and left out for a number of seeds."""

import json
import re
import shutil

import pytest


@pytest.fixture
def looked(ran, tmp_path):
    """The tiny study with looks, and a store in which its first look has run."""
    text = (ran / "tiny.yaml").read_text().replace("seeds: 2\nscales", "seeds: {looks: [2, 3]}\nscales")
    (tmp_path / "looked.yaml").write_text(text)
    shutil.copytree(ran / "store", tmp_path / "store")
    return tmp_path / "looked.yaml", "--store", tmp_path / "store"


def test_plan_prints_looks_their_level_and_how_many_trials(call, looked):
    text = call("plan", *looked).out
    found = json.loads(call("plan", *looked, "--json").out)

    assert "looks after 2 and 3 seeds" in text
    assert "at least 4 trials, at most 6" in text
    assert (found["looks"], found["trials_at_least"], found["trials_at_most"]) == ([2, 3], 4, 6)
    assert 0.025 < found["look_level"] < 0.05


def test_a_number_of_seeds_is_a_fixed_design(call, looked):
    found = json.loads(call("plan", *looked, "--seeds", "3", "--json").out)

    assert "looks" not in found
    assert "over 3 seeds" in found["test"]
    assert "without its looks" in " ".join(call("plan", "--help").out.split())


def test_run_goes_on_with_what_is_open_and_status_counts_what_is_wanted(call, looked):
    before = json.loads(call("status", *looked, "--json").out)["outcomes"]
    printed = call("run", *looked, "--executor", "inline")
    after = json.loads(call("status", *looked, "--json").out)["outcomes"]
    found = json.loads(call("report", *looked, "--json").out)

    assert printed.code == 0
    # Whether the first look closes the arm is for the last bits to say, which are the processor's own.
    assert re.search(r"look at [23] seeds: ", printed.out)
    assert sum(before.values()) == sum(after.values()) == 6
    assert "left" not in after
    assert found["looks"] == [2, 3]
    assert found["missing"] == found["open"] == []
    assert found["saved_trials"] == after.get("spared", 0)
