"""What a shell offers after Tab, as click asks for it."""

import pytest
from click.shell_completion import BashComplete

from ceteris.app.cli import cli
from ceteris.app.finding import built_in_studies
from ceteris.registry import KINDS
from ceteris.store.records import Store


def offered(line):
    *words, typed = line.split(" ")
    return [item.value for item in BashComplete(cli, {}, "ceteris", "").get_completions(words, typed)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_studies_are_offered_and_files_and_folders_on_the_way_to_them(tmp_path):
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    for file in ("cnn.yaml", "cnn.txt", "mine/other.yml"):
        (tmp_path / file).write_text("")
    assert offered("run ") == [*built_in_studies(), "cnn.yaml"]
    assert offered("plan cnn") == [*(name for name in built_in_studies() if name.startswith("cnn")), "cnn.yaml"]
    assert offered("run mine/") == ["mine/deep/", "mine/other.yml"]
    assert offered(f"run {tmp_path}/mine/o") == [f"{tmp_path}/mine/other.yml"]


def test_keys_of_the_store_are_offered_by_their_first_digits(ran):
    keys = Store(ran / "store").keys()
    assert offered(f"show --store {ran}/store ") == [key[:16] for key in keys]
    for command in ("show", "predict", "export"):
        assert offered(f"{command} --store {ran}/store {keys[0][:8]}") == [keys[0][:16]]
    assert offered(f"show --store {ran}/store {keys[0][:20]}") == [keys[0][:20]]
    assert offered(f"show --store {ran}/nowhere ") == []


def test_arms_of_the_study_are_offered(ran):
    assert offered(f"compare {ran}/tiny.yaml ") == ["relu", "gelu"]
    assert offered(f"compare {ran}/tiny.yaml relu g") == ["gelu"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("parts ", list(KINDS)),
        ("data get cifar", ["cifar10", "cifar100"]),
        ("run quickstart --device c", ["cpu", "cuda"]),
        ("run quickstart --scale ", ["full", "laptop", "smoke"]),
        ("exp", ["export"]),
    ],
)
def test_what_has_a_few_values_is_offered_whole(line, values):
    assert offered(line) == values


@pytest.mark.parametrize(
    "line",
    [
        "compare nonsense ",
        "compare broken.yaml ",
        "compare quickstart --set epochs ",
        "show [",
        "show ../",
        "run no/where/",
    ],
)
def test_a_half_typed_line_is_no_mistake(tmp_path, line):
    (tmp_path / "broken.yaml").write_text("name: [")
    assert offered(line) == []
