"""The latest good checkpoint is found whatever else lies in its folder."""

import errno
import hashlib
import json
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.store.checkpoints import Checkpoints

ARRAYS = {"model/weight": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(4.0, np.float32)}


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoint")


def save(checkpoints, *epochs):
    for epoch in epochs:
        checkpoints.save(epoch, 0, {"epoch": epoch}, ARRAYS)


def files(checkpoints):
    return sorted(file.name[:12] for file in checkpoints.folder.iterdir())


def loaded(checkpoints):
    state = checkpoints.load()
    return state and state[0]["epoch"]


def spoil(checkpoints, epoch):
    (file,) = checkpoints.folder.glob(f"epoch-{epoch:06d}-*")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def plant(checkpoints, content, epoch=9):
    checkpoints.folder.mkdir(exist_ok=True)
    name = f"epoch-{epoch:06d}-step-000000000-{hashlib.sha256(content).hexdigest()}.safetensors"
    (checkpoints.folder / name).write_bytes(content)


def test_there_is_nothing_before_the_first(checkpoints):
    assert checkpoints.load() is None
    assert checkpoints.epoch == 0
    checkpoints.clear()


def test_a_folder_that_another_run_clears_meanwhile_is_made_anew(checkpoints, monkeypatch):
    save(checkpoints, 1)
    real = os.replace

    def cleared(old, new):
        monkeypatch.setattr(os, "replace", real)
        checkpoints.clear()
        real(old, new)

    monkeypatch.setattr(os, "replace", cleared)
    save(checkpoints, 2)
    assert loaded(checkpoints) == 2
    assert files(checkpoints) == ["epoch-000002"]


def test_values_and_arrays_come_back(checkpoints):
    values = {"rows": [{"loss": 0.1 + 0.2, "name": "épochs"}], "nothing": None, "deep": {"a": [1, 2.5, True]}}
    transposed = np.arange(6).reshape(2, 3).T
    checkpoints.save(1, 0, values, ARRAYS | {"transposed": transposed, "empty": np.zeros((0, 2))})
    back, arrays = checkpoints.load()
    assert back == values
    for name, array in (ARRAYS | {"transposed": transposed, "empty": np.zeros((0, 2))}).items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array, strict=True)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_to_the_last_bit(tmp_path_factory, number):
    made = Checkpoints(tmp_path_factory.mktemp("checkpoint"))
    made.save(1, 0, {"epoch": number}, {})
    assert struct.pack("d", made.load()[0]["epoch"]) == struct.pack("d", number)


def test_the_last_two_are_kept(checkpoints):
    save(checkpoints, 1, 2, 3, 10)
    assert files(checkpoints) == ["epoch-000003", "epoch-000010"]
    assert loaded(checkpoints) == checkpoints.epoch == 10
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_inside_an_epoch_the_later_step_is_the_later_state(checkpoints):
    for epoch, step in ((1, 0), (1, 90), (1, 100), (2, 0)):
        checkpoints.save(epoch, step, {"epoch": [epoch, step]}, ARRAYS)
        assert loaded(checkpoints) == [epoch, step]
        assert checkpoints.epoch == epoch
    assert len(files(checkpoints)) == 2


def test_the_one_before_is_used_when_the_latest_is_corrupt(checkpoints):
    save(checkpoints, 1, 2)
    spoil(checkpoints, 2)
    assert loaded(checkpoints) == 1
    save(checkpoints, 2)
    assert files(checkpoints) == ["epoch-000001", "epoch-000002"]
    assert loaded(checkpoints) == 2


def test_corrupt_ones_of_later_epochs_never_crowd_out_a_good_one(checkpoints):
    save(checkpoints, 4, 5)
    spoil(checkpoints, 4)
    spoil(checkpoints, 5)
    assert checkpoints.load() is None
    save(checkpoints, 1)
    assert loaded(checkpoints) == 1
    save(checkpoints, 2, 3)
    assert files(checkpoints) == ["epoch-000002", "epoch-000003"]


def test_truncated_and_empty_ones_are_passed_over(checkpoints):
    save(checkpoints, 1, 2)
    (file,) = checkpoints.folder.glob("epoch-000002-*")
    for content in (file.read_bytes()[:-7], b""):
        file.write_bytes(content)
        assert loaded(checkpoints) == 1


def test_strangers_in_the_folder_are_left_alone(checkpoints):
    save(checkpoints, 1)
    names = [
        ".epoch-000009-x.safetensors.1.tmp",
        "epoch-9-00.safetensors",
        "notes.txt",
        f"epoch-000009-step-000000000-{'z' * 64}.safetensors",
    ]
    for name in names:
        (checkpoints.folder / name).write_bytes(b"garbage")
    save(checkpoints, 2, 3)
    assert loaded(checkpoints) == 3
    assert all((checkpoints.folder / name).read_bytes() == b"garbage" for name in names)


class Canary:
    def __reduce__(self):
        return exec, ("import ceteris; ceteris.canary = 'dead'",)


def _with_header(header):
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        pickle.dumps(Canary()),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**8) + b"{",
        _with_header(b"[" * 100_000),
        _with_header(b"{}"),
        _with_header(json.dumps({"__metadata__": {"values": "["}}).encode()),
        _with_header(json.dumps({"__metadata__": {"values": "[" * 100_000}}).encode()),
        _with_header(json.dumps({"__metadata__": {"values": 3}}).encode()),
        _with_header(
            json.dumps(
                {"__metadata__": {"values": "{}"}, "w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}
            ).encode()
        ),
    ],
)
def test_a_hostile_one_with_the_right_hash_is_passed_over(checkpoints, content):
    import ceteris

    save(checkpoints, 1)
    plant(checkpoints, content)
    assert loaded(checkpoints) == 1
    assert not hasattr(ceteris, "canary")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_costs_no_checkpoint_that_was_there(checkpoints, disk, code):
    save(checkpoints, 1, 2)
    disk.fail(0)
    save(checkpoints, 3)
    total = disk.done
    # The first makes the folder, which is there.
    for epoch, at in enumerate(range(2, total + 1), start=4):
        disk.fail(at, code)
        with pytest.raises(OSError, match=r"No space|Input/output"):
            save(checkpoints, epoch)
        disk.fail(0)
        assert loaded(checkpoints) in (epoch - 1, epoch)
        assert not list(checkpoints.folder.glob(".*.tmp"))
        save(checkpoints, epoch)
        assert loaded(checkpoints) == epoch
