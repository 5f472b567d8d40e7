"""The state of the studies of a store: the same with and without what was seen before."""

import dataclasses
import json
import shutil

import pytest

from ceteris.errors import InputError
from ceteris.lab.run import MANIFEST, write_manifest
from ceteris.lab.state import SEEN, SPARED, state_of, states
from ceteris.store.files import RECORD
from ceteris.store.records import Store
from ceteris.study.record import Record, Status
from gates.looks import Cell, plan_of


def put(store, plan, trial, status=Status.FINISHED, score=0.5):
    arm = next(arm for arm in plan.arms if arm.name == trial.arm)
    store.put(Record(trial.key, status, arm.recipe, trial.seed, arm.data, {}, metrics={"top1": score}))


@pytest.fixture
def kept(planned, store):
    """A store in which the study is written down and one of its four trials is done."""
    write_manifest(planned, store.root / "studies" / "tiny-full")
    put(store, planned, planned.trials[0])
    return store


def test_it_counts_what_is_done_begun_and_left(kept, planned):
    kept.checkpoints(planned.trials[1].key).save(3, 0, {}, {})
    (state,) = states(kept)

    assert state == state_of(planned, kept)
    assert state["outcomes"] == {"finished": 1, "begun": 1, "left": 2}
    assert [row["status"] for row in state["trials"]] == ["finished", "begun", "left", "left"]
    assert state["trials"][0]["top1"] == 0.5
    assert state["trials"][1]["epochs_done"] == 3
    assert state["seconds_left"] > 0


def test_what_is_left_takes_turns_on_an_accelerator(kept, planned, monkeypatch):
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 4)
    left = {}
    for device in ("cpu", "cuda"):
        monkeypatch.setattr("ceteris.lab.likely.likely_device", lambda device=device: device)
        left[device] = state_of(planned, kept)["seconds_left"]

    assert left["cuda"] == pytest.approx(3 * left["cpu"])


def test_what_is_left_is_priced_for_where_the_study_was_last_run(kept, planned, monkeypatch):
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 4)
    alone, beside = (dataclasses.replace(planned, resources={"workers": n, "device": "cuda:1"}) for n in (1, 3))
    assert state_of(alone, kept)["seconds_left"] == pytest.approx(3 * state_of(beside, kept)["seconds_left"])
    for plan in (alone, beside):
        write_manifest(plan, kept.root / "studies" / "tiny-full")
        assert states(kept) == [state_of(plan, kept)]


def test_what_is_unchanged_is_not_read_again(kept, planned, monkeypatch):
    first = states(kept)
    monkeypatch.setattr("ceteris.lab.state.read_manifest", lambda _: pytest.fail("the plan was read again"))
    monkeypatch.setattr(Store, "statement", lambda *_: pytest.fail("a record was read again"))
    assert states(kept) == first


def test_every_change_is_seen(kept, planned):
    states(kept)
    put(kept, planned, planned.trials[1], Status.DIVERGED)
    assert states(kept)[0]["outcomes"] == {"finished": 1, "diverged": 1, "left": 2}
    kept.set_aside(planned.trials[0].key)
    assert states(kept)[0]["outcomes"] == {"left": 3, "diverged": 1}
    write_manifest(dataclasses.replace(planned, trials=planned.trials[1:]), kept.root / "studies" / "tiny-full")
    assert states(kept)[0]["outcomes"] == {"diverged": 1, "left": 2}


@pytest.mark.parametrize("spoil", [
    lambda content: b"",
    lambda content: content.replace(b"finished", b"diverged"),
    lambda content: content[:-1],
    lambda content: content.replace(b'"format":1', b'"format":0'),
])  # fmt: skip
def test_a_memory_that_was_altered_is_not_believed(kept, spoil):
    first = states(kept)
    (file,) = (kept.root / SEEN).iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert states(kept) == first


def test_it_can_be_deleted_and_need_not_be_written(kept):
    first = states(kept)
    shutil.rmtree(kept.root / SEEN)
    (kept.root / SEEN).write_text("a file where the folder should be")
    assert states(kept) == first


def test_a_plan_or_record_that_is_broken_is_named(kept, planned):
    record = kept.folder(planned.trials[0].key) / RECORD
    whole = record.read_bytes()
    states(kept)
    record.write_bytes(whole.replace(b"finished", b"failed"))
    with pytest.raises(InputError, match=r"record\.json does not match"):
        states(kept)
    record.write_bytes(whole)
    manifest = kept.root / "studies" / "tiny-full" / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b"tiny", b"tidy"))
    with pytest.raises(InputError, match="the plan cannot be read"):
        states(kept)


def test_looks_spare_the_trials_that_no_look_wants(tmp_path):
    store, plan = Store(tmp_path), plan_of(Cell("one arm", (0.0,)))
    write_manifest(plan, tmp_path / "studies" / "looks")
    first = states(store)[0]
    assert first["outcomes"] == {"left": 6, SPARED: 14}
    for trial in plan.trials:
        if trial.seed < 3:
            put(store, plan, trial, score=0.9 + 0.001 * trial.seed + (0.05 if trial.arm == "arm 1" else 0))
    closed = states(store)
    assert closed == states(store) == [state_of(plan, store)]
    assert closed[0]["outcomes"]["finished"] == 6
    assert json.dumps(closed[0])


def test_a_store_without_studies_has_no_state(store):
    assert states(store) == []
