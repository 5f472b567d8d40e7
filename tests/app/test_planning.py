"""What `ceteris plan` says of the design, through the command."""

import json

import pytest

from ceteris.store.records import Store


def plan(call, ran, *more):
    arguments = ("plan", ran / "tiny.yaml", "--store", ran / "store", *more)
    return call(*arguments).out, json.loads(call(*arguments, "--json").out)


def test_the_basis_is_what_this_store_measured(call, ran):
    text, found = plan(call, ran)
    scores = [Store(ran / "store").statement(trial["key"])["metrics"]["top1"] for trial in found["trials"]]
    relu, gelu = scores[::2], scores[1::2]
    variance = ((relu[0] - relu[1]) ** 2 + (gelu[0] - gelu[1]) ** 2) / 4

    assert found["detectable"]["sd_from"] == "records"
    assert found["detectable"]["sd"] ** 2 == pytest.approx(variance)
    assert (found["detectable"]["trials"], found["detectable"]["arms"]) == (4, 2)
    low, high = found["detectable"]["sd_interval"]
    assert low / found["detectable"]["sd"] < 1 < high / found["detectable"]["sd"]
    assert "pooled over 4 trials of 2 arms with these very recipes in this store" in text


def test_another_recipe_has_no_measured_spread(call, ran):
    text, found = plan(call, ran, "--set", "epochs=2")

    assert found["detectable"]["sd_from"] == "guess"
    assert found["detectable"]["sd_interval"] is None
    assert "Its basis is a guess" in text


def test_more_seeds_use_what_the_fewer_measured(call, ran):
    _, found = plan(call, ran, "--seeds", "5")

    assert found["new"] == 6
    assert found["detectable"]["trials"] == 4


def test_the_price_of_more_seeds(call, ran):
    text, found = plan(call, ran)
    prices = {price["seeds"]: price for price in found["prices"]}

    assert {2, 3, 5, 10, 20} <= set(prices)
    assert (prices[2]["trials"], prices[2]["new"], prices[2]["seconds"]) == (4, 0, 0.0)
    assert (prices[10]["trials"], prices[10]["new"]) == (20, 16)
    assert prices[20]["seconds"] > prices[10]["seconds"] > 0
    assert prices[20]["effect"] < prices[2]["effect"] == found["detectable"]["effect"]
    assert "smallest difference" in text
    assert "planned" in text


def test_what_is_warned_of_is_in_the_json_too(call, ran):
    text, found = plan(call, ran, "--set", "epochs=2", "--seeds", "1")
    printed = " ".join(text.split()).split(" ! ")[1:]

    assert len(printed) == len(found["warnings"]) > 0
    for line, warned in zip(printed, found["warnings"], strict=True):
        assert line.startswith(" ".join(warned.split()))


def test_one_seed_cannot_decide_and_more_have_a_price(call, ran):
    text, found = plan(call, ran, "--seeds", "1")

    assert (found["cannot"], found["detectable"], found["least_sign_flip_p"]) == ("one_seed", None, None)
    assert "This design cannot decide anything: one seed shows no spread" in text
    assert [price["seeds"] for price in found["prices"]][:2] == [3, 5]


def test_unequal_tuning_and_a_confounded_claim_are_said_before_the_run(call, ran, tmp_path):
    study = tmp_path / "unequal.yaml"
    study.write_text(
        (ran / "tiny.yaml").read_text().partition("claims:")[0].replace("levels: [gelu]", "levels: [gelu]\n"
        "  - path: optimizer.lr\n    levels: [0.001]\n")
        + "claims:\n  - text: '?'\n    all: [{measure: top1, arm: activation=gelu, than: lr=0.001, expect: higher}]\n"
    )  # fmt: skip
    printed = call("plan", study, "--store", ran / "store")
    found = json.loads(call("plan", study, "--store", ran / "store", "--json").out)

    assert printed.code == 0
    assert "Unequal tuning: optimizer.lr was tried at 0.01, 0.001 (relu; lr=0.001)" in printed.out
    assert found["unequal_tuning"][0]["others"] == ["activation=gelu"]
    assert found["confounded_pairs"] == [
        {"arm": "activation=gelu", "than": "lr=0.001", "paths": ["model.activation", "optimizer.lr"]}
    ]
    assert "which differ in 2 settings (model.activation, optimizer.lr)" in printed.out


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
@pytest.mark.parametrize("native", [True, False])
def test_bf16_in_software_is_warned_of_before_anything_runs(call, ran, precision, native, monkeypatch):
    monkeypatch.setattr("ceteris.engine.device.computes_bf16", lambda device: native)
    said = "cpu has no instructions for bf16 here, and may be ten times slower in it than in fp32"
    arguments = (ran / "tiny.yaml", "--set", f"precision={precision}", "--set", "epochs=1", "--seeds", "1")

    assert (said in call("plan", *arguments).out) is (precision == "bf16" and not native)
    assert (said in call("run", *arguments, "--executor", "inline", "--device", "cpu").out) is (
        precision == "bf16" and not native
    )
    assert said not in call("plan", *arguments).out
