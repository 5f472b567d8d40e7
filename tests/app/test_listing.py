import json

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


def test_doctor_tells_the_environment(call):
    found = json.loads(call("doctor", "--json").out)
    assert found["cores"] >= 1
    assert found["libraries"]["torch"]
    assert call("doctor").code == 0
