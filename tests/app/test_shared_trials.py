"""Two studies in one store: a trial that both ask for is trained once, whatever the studies are called."""

import json

from ceteris.store.records import Store

STUDY = """\
name: {name}
question: {question}
baseline:
  data: {{name: shapes, train_images: 60, test_images: 60, classes: 3, difficulty: 0.6}}
  model: {{name: plain-cnn, width: 4}}
  optimizer: {{name: adam, lr: 0.01}}
  epochs: 1
  batch_size: 16
factors: [{{path: model.activation, levels: [{level}]}}]
seeds: 2
"""


def test_identical_trials_run_once(call, tmp_path):
    for name, level in (("one", "gelu"), ("two", "sigmoid")):
        (tmp_path / f"{name}.yaml").write_text(STUDY.format(name=name, question=f"Is {level} better?", level=level))
    store, inline = ("--store", tmp_path / "store"), ("--executor", "inline")
    first = call("run", tmp_path / "one.yaml", *store, *inline)
    assert "4 trials, 0 done, 4 to train" in first.out
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "store").glob("??/*/record.json")}

    assert json.loads(call("plan", tmp_path / "two.yaml", *store, "--json").out)["new"] == 2
    second = call("run", tmp_path / "two.yaml", *store, *inline)

    assert "4 trials, 2 done, 2 to train" in second.out
    assert len(before) == 4
    assert len(Store(tmp_path / "store").keys()) == 6
    assert {file: file.stat().st_mtime_ns for file in before} == before
    outcomes = json.loads(call("status", *store, "--json").out)
    assert [sum(study["outcomes"].values()) for study in outcomes] == [4, 4]
    keys = [{trial["key"] for trial in study["trials"]} for study in outcomes]
    assert len(keys[0] & keys[1]) == 2
