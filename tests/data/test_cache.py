import hashlib
import json
import os
import threading

import numpy as np
import pytest

from ceteris.data.cache import cached_arrays, cached_rows, remembered

ARRAYS = {"pixels": np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "labels": np.array([1, 0], dtype=np.int64)}


def never():
    raise AssertionError("it was made again")


def same(found):
    return found.keys() == ARRAYS.keys() and all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)


def test_arrays_are_made_once_and_mapped_read_only(tmp_path):
    assert same(cached_arrays(tmp_path / "cache", {"a": 1}, lambda: ARRAYS))
    again = cached_arrays(tmp_path / "cache", {"a": 1}, never)
    assert same(again)
    assert isinstance(again["pixels"], np.memmap)
    assert not again["pixels"].flags.writeable


def test_another_identity_is_made_anew(tmp_path):
    cached_arrays(tmp_path, {"a": 1}, lambda: ARRAYS)
    other = cached_arrays(tmp_path, {"a": 2}, lambda: {"pixels": np.zeros(3)})
    assert other["pixels"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("file", ["pixels.npy", "labels.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_whatever_does_not_match_is_made_again(file, damage, tmp_path):
    cached_arrays(tmp_path, {}, lambda: ARRAYS)
    (path,) = tmp_path.glob(f"*/{file}")
    content = bytearray(path.read_bytes())
    content[-1 if file != "manifest.json" else content.index(b'sha256": "') + 10] ^= 1
    path.write_bytes(content if damage == "flip" else content[:-1])
    if damage == "remove":
        path.unlink()
    made = []
    assert same(cached_arrays(tmp_path, {}, lambda: made.append(1) or ARRAYS))
    assert made == [1]
    assert same(cached_arrays(tmp_path, {}, never))


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    (tmp_path / "blocked").write_text("a file where the folder should be")
    assert same(cached_arrays(tmp_path / "blocked", {}, lambda: ARRAYS))
    assert [file.name for file in tmp_path.iterdir()] == ["blocked"]


def test_several_at_once_end_with_one_whole_copy(tmp_path):
    together, results = threading.Barrier(6), []

    def make():
        together.wait()
        return ARRAYS

    workers = [threading.Thread(target=lambda: results.append(cached_arrays(tmp_path, {}, make))) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 6
    assert all(same(found) for found in results)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_small_result_is_remembered_until_its_identity_changes(tmp_path):
    assert remembered(tmp_path, {"time": 1}, lambda: {"md5": "abc"}) == {"md5": "abc"}
    assert remembered(tmp_path, {"time": 1}, never) == {"md5": "abc"}
    assert remembered(tmp_path, {"time": 2}, lambda: {"md5": "def"}) == {"md5": "def"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"result": {"md5": "evil"}, "sha256": "0"}'])
def test_a_damaged_memory_is_not_believed(content, tmp_path):
    remembered(tmp_path, {}, lambda: {"md5": "abc"})
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert remembered(tmp_path, {}, lambda: {"md5": "again"}) == {"md5": "again"}
    assert json.loads(file.read_text())["result"] == {"md5": "again"}


def test_a_failed_computation_leaves_nothing(tmp_path):
    with pytest.raises(AssertionError):
        cached_arrays(tmp_path, {}, never)
    with pytest.raises(AssertionError):
        remembered(tmp_path, {}, never)
    assert not any(tmp_path.iterdir())


ROWS = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)


def filling(order=(3, 0, 4, 1, 2)):
    """A `make` that fills the array `rows` in that order and returns one more."""

    def make(space):
        place = space("rows", ROWS.shape)
        for row in order:
            place[row] = ROWS[row]
        return {"labels": ARRAYS["labels"]}

    return make


def test_rows_go_to_disk_in_any_order(tmp_path):
    found = cached_rows(tmp_path / "cache", {}, filling())
    assert isinstance(found["rows"], np.memmap)
    np.testing.assert_array_equal(found["rows"], ROWS)
    np.testing.assert_array_equal(found["labels"], ARRAYS["labels"])
    assert found.keys() == cached_rows(tmp_path / "cache", {}, lambda space: never()).keys()


def test_the_file_is_as_numpy_writes_it(tmp_path):
    cached_rows(tmp_path / "rows", {}, filling())
    cached_arrays(tmp_path / "whole", {}, lambda: {"rows": ROWS})
    (one,), (other,) = (list((tmp_path / name).glob("*/rows.npy")) for name in ("rows", "whole"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", ["posix_fallocate", "fsync", "utime"])
def test_rows_stay_in_memory_where_the_disk_refuses(tmp_path, monkeypatch, name):
    def refuses(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, refuses)
    found = cached_rows(tmp_path / "cache", {}, filling())
    assert not isinstance(found["rows"], np.memmap)
    np.testing.assert_array_equal(found["rows"], ROWS)
    np.testing.assert_array_equal(found["labels"], ARRAYS["labels"])
    assert list((tmp_path / "cache").iterdir()) == []


def test_rows_that_fail_leave_nothing(tmp_path):
    with pytest.raises(IndexError):
        cached_rows(tmp_path / "cache", {}, filling(order=(3, 9)))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("file", ["rows.npy", "labels.npy"])
def test_a_file_is_hashed_again_only_when_its_stamp_changed(tmp_path, file, monkeypatch):
    cached_rows(tmp_path, {}, filling())
    hashed = []
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: hashed.append(given) or real(*given))
    cached_rows(tmp_path, {}, filling())
    assert hashed == []
    (path,) = tmp_path.glob(f"*/{file}")
    path.touch()
    cached_rows(tmp_path, {}, lambda space: never())
    assert len(hashed) == 1
    cached_rows(tmp_path, {}, lambda space: never())
    assert len(hashed) == 1


real = hashlib.file_digest


@pytest.mark.parametrize("content", ["", "[]", "3", '{"rows": 3}', '{"rows": [1, 2, 3, 4, "0"]}'])
def test_notes_of_what_was_hashed_are_not_believed_when_they_do_not_fit(tmp_path, content):
    cached_rows(tmp_path, {}, filling())
    (notes,) = tmp_path.glob("*/hashed.json")
    notes.write_text(content)
    (path,) = tmp_path.glob("*/rows.npy")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\0")
    np.testing.assert_array_equal(cached_rows(tmp_path, {}, filling())["rows"], ROWS)
    assert path.read_bytes() == whole


def test_column_order_in_a_header_is_not_taken_for_rows(tmp_path):
    cached_rows(tmp_path, {}, filling())
    (path,) = tmp_path.glob("*/rows.npy")
    path.write_bytes(path.read_bytes().replace(b"'fortran_order': False", b"'fortran_order': True "))
    np.testing.assert_array_equal(cached_rows(tmp_path, {}, filling())["rows"], ROWS)
