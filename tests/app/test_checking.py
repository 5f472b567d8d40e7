import json

from ceteris.store.records import Store


def test_fsck_finds_sets_aside_and_the_run_repairs(call, tmp_path, ran):
    store = tmp_path / "store"
    arguments = (ran / "tiny.yaml", "--scale", "smoke", "--store", store, "--executor", "inline")
    assert call("run", *arguments).code == 0
    assert "2 records, 0 broken" in call("fsck", "--store", store).out
    key = Store(store).keys()[0]
    file = Store(store).folder(key) / "predictions.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"?")

    printed = call("fsck", "--store", store)
    assert printed.code == 1
    assert "predictions.npz does not match" in printed.out
    assert f"ceteris run {ran / 'tiny.yaml'} --scale smoke" in printed.out
    assert call("report", *arguments[:-2]).code == 2
    said = json.loads(call("fsck", "--store", store, "--set-aside", "--json").out)
    assert said["broken"].keys() == {key}
    assert len(said["run_again"]) == 1
    assert Store(store).missing([key]) == [key]
    assert call("run", *arguments).code == 0
    assert call("fsck", "--store", store).code == 0
    assert list((store / "set-aside").iterdir())


def test_fsck_names_a_plan_that_was_altered(call, tmp_path):
    Store(tmp_path).prepare()
    (tmp_path / "studies" / "tiny").mkdir(parents=True)
    (tmp_path / "studies" / "tiny" / "plan.json").write_text('{"sha256": "0"}')
    printed = call("fsck", "--store", tmp_path)
    assert printed.code == 1
    assert "plan.json" in printed.out
    assert "run the study again" in printed.out
    assert json.loads(call("fsck", "--store", tmp_path, "--json").out)["broken_plans"]


def test_fsck_sets_a_broken_checkpoint_aside_and_the_one_before_is_there(call, tmp_path):
    store, key = Store(tmp_path), "ab" * 32
    store.prepare()
    for epoch in (1, 2):
        store.checkpoints(key).save(epoch, 0, {"epoch": epoch}, {})
    (latest,) = store.checkpoints(key).folder.glob("epoch-000002-*")
    latest.write_bytes(b"rot")

    printed = call("fsck", "--store", tmp_path)
    assert printed.code == 1
    assert f"{key[:12]}  epoch-000002 of its checkpoints cannot be read" in printed.out
    assert "1 unfinished trials" in printed.out
    said = json.loads(call("fsck", "--store", tmp_path, "--set-aside", "--json").out)
    assert said["broken_checkpoints"].keys() == said["set_aside"].keys() == {key}
    assert call("fsck", "--store", tmp_path).code == 0
    assert store.checkpoints(key).load()[0] == {"epoch": 1}
    assert [file.read_bytes() for file in (tmp_path / "set-aside").rglob("epoch*")] == [b"rot"]
