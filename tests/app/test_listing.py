import json

import numpy as np
from PIL import Image

from ceteris import registry
from ceteris.app.finding import built_in_studies


def test_studies(call):
    text = call("studies").out
    found = {study["name"] for study in json.loads(call("studies", "--json").out)}
    assert found == set(built_in_studies())
    assert all(name in text for name in found)


def test_parts_lists_every_part_with_its_options(call):
    text = call("parts").out
    found = json.loads(call("parts", "--json").out)
    assert {(p["kind"], p["name"]) for p in found} == {(p.kind, p.name) for p in registry.parts()}
    assert all(part["name"] in text and part["summary"] for part in found)
    assert {part["kind"] for part in json.loads(call("parts", "losses", "--json").out)} == {"loss"}


def test_data_list_and_check(call):
    assert "cifar10" in call("data", "list").out
    assert "digits" in {row["name"] for row in json.loads(call("data", "list", "--json").out)["datasets"]}
    facts = json.loads(call("data", "check", "digits", "--json").out)
    assert len(facts["classes"]) == 10
    assert "fingerprint" in call("data", "get", "digits").out


def test_data_check_looks_closely(call, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    files = {f"train/{name}/{number}.png": image // number for name in "ab" for number in (2, 5)}
    files |= {"train/a/1.png": image, "test/a/3.tif": image, "test/b/6.png": 255 - image}
    for name, pixels in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "mine" / name)
    Image.new("CMYK", (16, 16), (9, 9, 9, 9)).save(tmp_path / "mine" / "test" / "a" / "4.jpg")
    said = call("data", "check", f"folder:{tmp_path / 'mine'}").out
    assert "leakage: 1 of 3 test images are probably" in said
    assert "test/a/4.jpg: CMYK" in said
    found = json.loads(call("data", "check", f"folder:{tmp_path / 'mine'}", "--json").out)
    assert found["converted"] == {"test/a/4.jpg": "CMYK"}


def test_data_check_looks_for_twins_in_every_data_set(call, monkeypatch):
    monkeypatch.setattr("ceteris.data.twins.twins", lambda train, test: [(3, 14)])
    assert "test image 3 ~ training image 14" in call("data", "check", "digits").out
    assert "leakage" not in call("data", "get", "digits").out


def test_doctor_tells_the_environment(call):
    found = json.loads(call("doctor", "--json").out)
    assert found["cores"] >= 1
    assert found["libraries"]["torch"]
    assert found["bf16"].startswith("in ")
    assert call("doctor").code == 0
