"""One recipe under two names and an A/A check, as a user meets them: plan, run, compare."""

import json

import pytest

from ceteris.store.records import Store

STUDY = """\
name: sameness
question: Does the activation matter for drawn shapes?
baseline:
  data: {name: shapes, train_images: 60, test_images: 60, classes: 3, difficulty: 0.6}
  model: {name: plain-cnn, width: 4}
  optimizer: {name: adam, lr: 0.01}
  epochs: 1
  batch_size: 16
baseline_name: plain
factors:
  - path: model.activation
    levels: {twin: relu, gelu: gelu}
seeds: 2
again: [7, 8]
"""
SAME = "twin is the same recipe as plain under another name"
CHECK = "plain again is plain once more, under other seeds"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    from ceteris.app.cli import main

    folder = tmp_path_factory.mktemp("sameness")
    (folder / "study.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CETERIS_CACHE", str(folder / "cache"))
        assert main(["run", str(folder / "study.yaml"), "--store", str(folder / "store"), "--executor", "inline"]) == 0
    return (folder / "study.yaml", "--store", folder / "store")


def test_the_same_recipe_is_trained_once(study, call):
    found = json.loads(call("run", *study, "--json").out)
    keys = {(trial["arm"], trial["seed"]): trial["key"] for trial in found["trials"]}

    assert len(found["trials"]) == 8
    assert len(Store(study[-1]).keys()) == 6
    assert [keys["plain", seed] for seed in (0, 1)] == [keys["twin", seed] for seed in (0, 1)]
    assert {seed for arm, seed in keys if arm == "plain again"} == {7, 8}
    assert found["verdicts"][0].startswith(SAME)
    assert found["verdicts"][2].startswith("A/A check")
    assert found["contrasts"][0]["differences"] == [0, 0]
    assert [contrast["relation"] for contrast in found["contrasts"]] == ["same recipe", "", "A/A check"]
    table = study[-1] / "studies" / "sameness-full" / "report" / "contrasts.csv"
    assert [row.rpartition(",")[2] for row in table.read_text().splitlines()] == [
        "relation", "same recipe", "", "A/A check",
    ]  # fmt: skip


def test_the_plan_says_what_is_the_same(study, call):
    text = call("plan", *study).out
    assert SAME in text
    assert CHECK in text
    assert "2 contrasts" in text


def test_compare_says_what_is_the_same(study, call):
    assert SAME in call("compare", study[0], "plain", "twin", *study[1:]).out
    assert "A/A check" in call("compare", study[0], "plain", "plain again", *study[1:]).out
    assert "同一配方" in call("compare", study[0], "plain", "twin", *study[1:], "--lang", "zh").out


def test_the_check_follows_seeds_and_says_when_it_cannot(study, call):
    assert json.loads(call("plan", *study, "--seeds", "1", "--json").out)["new"] == 0
    refused = call("plan", *study, "--seeds", "3")
    assert refused.code == 2
    assert "the A/A check has 2 seeds of its own, and 3 are needed" in refused.err
