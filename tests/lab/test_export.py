"""What leaves the store can be used without it, and says what it is."""

import hashlib
import json
from dataclasses import replace

import pytest
from ruamel.yaml import YAML
from safetensors.numpy import load_file

from ceteris.app.finding import built_in_studies, find_study
from ceteris.data.source import Dataset
from ceteris.engine import onnx
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.errors import InputError
from ceteris.lab.export import CARD, ONNX, RECIPE, WEIGHTS, export
from ceteris.lab.resolve import resolve
from ceteris.registry import part
from ceteris.store.records import Store
from ceteris.study.arms import arms
from ceteris.study.reading import write_recipe
from ceteris.study.record import Status
from ceteris.study.vocabulary import Recipe


@pytest.fixture
def trained(study, place, store):
    """A record in the store, with weights."""
    data: Dataset = part("data", "shapes").build(study.baseline.data.options, place=place).load()
    record = train(Trial("ab" * 32, resolve(study.baseline), 3), data, Conditions("cpu", 1))
    store.put(record)
    return record


def test_the_folder_holds_weights_recipe_graph_and_card(trained, store, tmp_path):
    folder = tmp_path / "deep" / "export"
    exported = export(store, trained.key, folder, onnx=True)
    assert {file.name for file in folder.iterdir()} == set(exported.files) == {WEIGHTS, RECIPE, ONNX, CARD}
    assert exported.without_onnx == ""
    weights = load_file(folder / WEIGHTS)
    assert {name: array.tobytes() for name, array in weights.items()} == {
        name: array.tobytes() for name, array in store.get(trained.key, weights=True).weights.items()
    }
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    assert card["classes"] == list(trained.data.classes)
    assert card["normalize"] == trained.normalize
    assert card["metrics"] == trained.metrics
    for name in (WEIGHTS, RECIPE, ONNX):
        content = (folder / name).read_bytes()
        hashed = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        assert card["files"][name] == {"what": exported.files[name], **hashed}


def test_the_recipe_is_the_trials_own(trained, store, tmp_path):
    export(store, trained.key, tmp_path / "x", onnx=False)
    text = (tmp_path / "x" / RECIPE).read_text(encoding="utf-8")
    assert trained.key in text.splitlines()[0]
    assert resolve(Recipe.model_validate(YAML(typ="safe").load(text))) == trained.recipe


@pytest.mark.parametrize("name", built_in_studies())
def test_the_recipe_of_every_arm_of_every_study_can_be_read_back(name):
    for arm in arms(find_study(name)[0]):
        resolved = resolve(arm.recipe)
        assert resolve(Recipe.model_validate(YAML(typ="safe").load(write_recipe(resolved)))) == resolved


@pytest.mark.parametrize("there", ["a file", "a full folder"])
def test_nothing_is_overwritten(trained, store, tmp_path, there):
    place = tmp_path / "place"
    if there == "a full folder":
        place.mkdir()
        (place / CARD).write_text("mine")
    else:
        place.write_text("mine")
    with pytest.raises(InputError, match=r"place: is not an empty folder \(choose another one\)"):
        export(store, trained.key, place)
    assert (place / CARD if place.is_dir() else place).read_text() == "mine"


def test_an_empty_folder_will_do(trained, store, tmp_path):
    (tmp_path / "empty").mkdir()
    assert WEIGHTS in export(store, trained.key, tmp_path / "empty", onnx=False).files


@pytest.fixture
def _not_installed(monkeypatch):
    monkeypatch.setattr(onnx, "LIBRARIES", ("not_there",))


@pytest.mark.usefixtures("_not_installed")
def test_without_the_libraries_the_rest_is_written_and_the_reason_said(trained, store, tmp_path):
    exported = export(store, trained.key, tmp_path / "x")
    assert set(exported.files) == {WEIGHTS, RECIPE, CARD}
    assert exported.without_onnx == "ONNX needs not_there (`pip install not_there`)"


@pytest.mark.usefixtures("_not_installed")
def test_a_graph_that_is_asked_for_and_cannot_be_made_leaves_nothing(trained, store, tmp_path):
    with pytest.raises(InputError, match="ONNX needs not_there"):
        export(store, trained.key, tmp_path / "x", onnx=True)
    assert not (tmp_path / "x").exists()


def test_a_trial_without_weights_cannot_be_exported(trained, tmp_path):
    other = Store(tmp_path / "other")
    other.prepare()
    other.put(replace(trained, status=Status.DIVERGED, weights={}))
    with pytest.raises(InputError, match="trial abababababab has no weights: its status is diverged"):
        export(other, trained.key, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("raised", "seen"), [(OSError(28, "No space left on device"), InputError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_an_export_that_is_broken_off_leaves_no_half_of_it(trained, store, tmp_path, monkeypatch, raised, seen):
    written = []

    def full(path, content):
        if written:
            raise raised
        written.append(path)
        path.write_bytes(content)

    monkeypatch.setattr("ceteris.lab.export.write_atomically", full)
    with pytest.raises(seen):
        export(store, trained.key, tmp_path / "x", onnx=False)
    assert written
    assert list((tmp_path / "x").iterdir()) == []
    monkeypatch.undo()
    assert WEIGHTS in export(store, trained.key, tmp_path / "x", onnx=False).files


def test_a_folder_that_cannot_be_made_is_a_mistake(trained, store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        export(store, trained.key, tmp_path / "file" / "x", onnx=False)
