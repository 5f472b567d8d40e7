import json

import numpy as np
from PIL import Image

from ceteris.store.records import Store


def first_key(ran):
    return Store(ran / "store").keys()[0]


def test_show_prints_outcome_recipe_curves_and_layers(call, ran):
    key = first_key(ran)
    text = call("show", key[:10], "--store", ran / "store").out
    record = Store(ran / "store").get(key)
    assert key in text
    assert f"{100 * record.metrics['top1']:.2f} %" in text
    assert "plain-cnn (width=4" in text
    assert f"{record.model.parameters:,}" in text
    assert f"*{record.chosen_epoch}" in text


def test_show_as_json(call, ran):
    found = json.loads(call("show", first_key(ran), "--store", ran / "store", "--json").out)
    assert found["recipe"]["epochs"] == 3
    assert [row["epoch"] for row in found["epochs"]] == [1, 2, 3]


def test_predict_names_the_class_that_the_record_predicted(call, ran, tmp_path):
    record = Store(ran / "store").get(first_key(ran))
    wrong = record.examples["pixels"]
    names = [record.data.classes[c] for c in record.examples["predicted"]]
    assert len(wrong), "the fixture's network makes no mistake to look at"
    Image.fromarray(wrong[0]).save(tmp_path / "first.png")
    arguments = ("predict", record.key, tmp_path / "first.png", "--store", ran / "store")
    assert names[0] in call(*arguments, "--top", "1").out
    (found,) = json.loads(call(*arguments, "--top", "3", "--json").out)
    assert next(iter(found["classes"])) == names[0]
    assert np.isclose(sum(found["classes"].values()), 1)


def test_predict_refuses_what_is_no_image(call, ran, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for name in ("notes.txt", "missing.png"):
        printed = call("predict", first_key(ran), tmp_path / name, "--store", ran / "store")
        assert printed.code == 2
        assert name in printed.err


def test_export_writes_a_folder_and_says_what_is_in_it(call, ran, tmp_path):
    key, store = first_key(ran), ran / "store"
    printed = call("export", key[:10], "--to", tmp_path / "net", "--store", store)
    assert printed.code == 0
    files = sorted(file.name for file in (tmp_path / "net").iterdir())
    assert files == ["model.json", "model.onnx", "recipe.yaml", "weights.safetensors"]
    assert all(f"{tmp_path / 'net' / name}: " in printed.out for name in files)
    assert "uint8 images [n, 32, 32, 3] -> logits and probabilities [n, 3]" in printed.out


def test_export_as_json_says_why_there_is_no_graph(call, ran, tmp_path, monkeypatch):
    monkeypatch.setattr("ceteris.engine.onnx.LIBRARIES", ("not_there",))
    arguments = ("export", first_key(ran), "--to", tmp_path / "net", "--store", ran / "store")
    found = json.loads(call(*arguments, "--json").out)
    assert sorted(found["files"]) == ["model.json", "recipe.yaml", "weights.safetensors"]
    assert found["without_onnx"] == "ONNX needs not_there (`pip install not_there`)"
    again = call(*arguments)
    assert again.code == 2
    assert "net: is not an empty folder" in again.err


def test_a_plain_export_warns_when_there_is_no_graph(call, ran, tmp_path, monkeypatch):
    monkeypatch.setattr("ceteris.engine.onnx.LIBRARIES", ("not_there",))
    arguments = ("export", first_key(ran), "--store", ran / "store", "--to")
    assert "no ONNX graph: ONNX needs not_there" in call(*arguments, tmp_path / "one").out
    assert "no ONNX graph" not in call(*arguments, tmp_path / "two", "--no-onnx").out
    refused = call(*arguments, tmp_path / "three", "--onnx")
    assert refused.code == 2
    assert not (tmp_path / "three").exists()
