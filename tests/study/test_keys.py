"""Identity: one text for equal settings, another for different ones, on every machine."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.registry import Option, Part
from ceteris.study.keys import canonical_json, canonical_json_of, sha256_of, sha256_of_json, trial_key, trial_keys
from ceteris.study.streams import stream_bits

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
SGD = Part("optimizer", "sgd", "1", "", (Option("lr", float), Option("decay", float | None, None)), (), "here", "sgd")


def reversed_order(value):
    if isinstance(value, dict):
        return {name: reversed_order(item) for name, item in reversed(value.items())}
    return [reversed_order(item) for item in value] if isinstance(value, list) else value


@given(plain)
def test_the_text_is_json_of_the_same_value_in_plain_ascii(value):
    text = canonical_json(value)

    assert json.loads(text) == value
    assert text.isascii()


@given(plain)
def test_the_order_of_fields_does_not_matter(value):
    assert canonical_json(reversed_order(value)) == canonical_json(value)


@given(plain)
def test_what_was_read_from_json_has_the_same_text(value):
    parsed = json.loads(json.dumps(value))

    assert canonical_json_of(parsed) == canonical_json(parsed)
    assert sha256_of_json(parsed) == sha256_of(parsed)


@pytest.mark.parametrize("text", ["-0.0", '{"a": [-0.0, "-0.0"]}', '["-0.05", -0.05]', "1e400", "[NaN]"])
def test_awkward_numbers_read_from_json_are_treated_alike(text):
    def said(canonical):
        try:
            return canonical(json.loads(text))
        except ValueError:
            return None

    assert said(canonical_json_of) == said(canonical_json)


@given(st.dictionaries(st.text(max_size=4), plain, max_size=3), st.lists(st.integers(0, 2**70), max_size=4))
def test_many_seeds_have_the_keys_that_each_has_alone(recipe, seeds):
    assert trial_keys(recipe, "f", seeds) == {seed: sha256_of(
        {"seed": seed, "recipe": recipe, "data": "f", "format": 1}
    ) for seed in seeds}  # fmt: skip


@given(st.dictionaries(st.text(max_size=4), plain, max_size=3), st.text(max_size=4), st.integers(0, 99))
def test_a_key_is_a_full_sha256_of_recipe_data_and_seed(recipe, fingerprint, seed):
    key = trial_key(recipe, fingerprint, seed)

    assert len(key) == 64
    assert key == trial_key(reversed_order(recipe), fingerprint, seed)
    assert len({key, trial_key(recipe, fingerprint, seed + 1), trial_key(recipe, fingerprint + "x", seed)}) == 3
    assert key != trial_key(recipe | {"one more": 1}, fingerprint, seed)


def test_a_key_is_pinned_for_ever():
    """sha256 of {"data":"f","format":1,"recipe":{"a":1.0},"seed":0}, as `sha256sum` prints it."""
    assert trial_key({"a": 1.0}, "f", 0) == "0594b3a9fd8f215f576abe0dc16495440d3bd19ed0fbd2c841e6e7b6ceeedc7c"


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1: 2}, {1, 2}, b"x", np.float64("nan"), np.int64(1)])
def test_what_has_no_one_text_is_refused(value):
    with pytest.raises(ValueError, match=r"recipe can hold|only text"):
        canonical_json({"deep": [value]})


def test_minus_zero_is_zero_and_true_is_not_one():
    assert canonical_json(-0.0) == canonical_json(0.0) == "0.0"
    assert canonical_json([True, 1, 1.0]) == "[true,1,1.0]"
    assert canonical_json((1, 2)) == canonical_json([1, 2])


def test_one_written_as_a_whole_number_is_the_same_float_option():
    assert sha256_of(SGD.identity({"lr": 1})) == sha256_of(SGD.identity({"lr": 1.0}))
    assert sha256_of(SGD.identity({"lr": 1, "decay": 0})) == sha256_of(SGD.identity({"decay": 0.0, "lr": 1.0}))
    assert sha256_of(SGD.identity({"lr": 1, "decay": 0})) != sha256_of(SGD.identity({"lr": 1}))


def test_keys_are_the_same_in_every_process():
    root = str(Path(__file__).parents[2])
    script = (
        "from ceteris.study.keys import trial_key; from ceteris.study.streams import stream_bits;"
        "print(trial_key({'model': {'name': 'é', 'width': 3}, 'lr': 1e-05}, 'f', 4), stream_bits(4, 'order/1'))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root, "LC_ALL": "C"},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    here = trial_key({"lr": 1e-05, "model": {"width": 3, "name": "é"}}, "f", 4)
    assert said == {f"{here} {stream_bits(4, 'order/1')}\n"}
