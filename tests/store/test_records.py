"""A record is there whole or not at all, says so when it is broken, and nobody else's folder is taken for one."""

import contextlib
import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ceteris.errors import InputError
from ceteris.store.files import EPOCHS, RECORD
from ceteris.store.records import Store
from ceteris.study.record import Status

KEY, OTHER = "ab" * 32, "abab" + "cd" * 30


def trial_files(store, key=KEY):
    return sorted(file for file in store.folder(key).iterdir() if file.is_file())


def test_what_is_put_is_got(store, record, same):
    assert store.missing([KEY, OTHER]) == [KEY, OTHER]
    store.put(record())
    assert store.has(KEY)
    assert store.missing([OTHER, KEY]) == [OTHER]
    same(store.get(KEY, weights=True), record())
    same(store.get(KEY), record(weights={}))
    assert store.statement(KEY)["metrics"] == record().metrics
    assert store.broken(KEY) == ""


def test_a_record_ends_the_checkpoints_and_what_a_kill_left(store, record):
    half = store.root / "unfinished" / f".{KEY}.0123"
    with store.claim(KEY):
        store.checkpoints(KEY).save(1, 0, {}, {})
        half.mkdir()
        (half / "steps.npz").write_bytes(b"half")
        store.put(record())
    assert list((store.root / "unfinished").iterdir()) == []


def test_a_record_appears_whole(store, record, monkeypatch):
    seen, real = [], os.rename

    def watched(old, new):
        seen.append((store.has(KEY), sorted(file.name for file in Path(old).iterdir())))
        real(old, new)
        assert store.broken(KEY) == ""

    monkeypatch.setattr(os, "rename", watched)
    store.put(record())
    assert seen == [(False, [file.name for file in trial_files(store)])]
    assert RECORD in seen[0][1]


def test_of_two_writers_without_locks_the_first_to_end_counts(store, record, same, monkeypatch):
    real = os.rename

    def overtaken(old, new):
        monkeypatch.setattr(os, "rename", real)
        Store(store.root).put(record(log="the other's"))
        real(old, new)

    monkeypatch.setattr(os, "rename", overtaken)
    store.put(record(log="mine"))
    same(store.get(KEY, weights=True), record(log="the other's"))
    assert store.broken(KEY) == ""
    assert list((store.root / "unfinished").iterdir()) == []


def test_half_of_a_copied_record_is_set_aside_for_a_whole_one(store, record, same):
    store.folder(KEY).mkdir(parents=True)
    (store.folder(KEY) / EPOCHS).write_text("half")
    store.put(record())
    same(store.get(KEY, weights=True), record())
    assert (store.root / "set-aside" / f"{KEY}.1" / EPOCHS).read_text() == "half"


@pytest.mark.parametrize(("code", "forever"), [(errno.ENOSPC, True), (errno.EIO, False), (errno.EACCES, False)])
def test_a_disk_that_refuses_leaves_a_whole_record_or_none(store, record, disk, same, code, forever):
    disk.fail(0)
    store.put(record())
    total, refused = disk.done, 0
    for at in range(1, total + 1):
        key = f"{at:02x}" * 32
        disk.fail(at, code, forever)
        try:
            store.put(record(key=key))
        except OSError as error:
            assert error.errno == code  # noqa: PT017  # one of all may be got over
            refused += 1
        else:
            assert store.has(key)
        disk.fail(0)
        assert list((store.root / "unfinished").iterdir()) == []
        if store.has(key):
            assert store.broken(key) == ""
        store.put(record(key=key))
        same(store.get(key, weights=True), record(key=key))
    assert total > 25
    assert refused >= total - 1  # a folder that is there need not be made


def test_one_byte_flipped_anywhere_is_noticed_and_named(store, record):
    store.put(record())
    for file in trial_files(store):
        content = file.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1}:
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert file.name in store.broken(KEY)
            with pytest.raises(InputError, match=rf"{file.name} .*fsck"):
                store.get(KEY, weights=True)
        file.write_bytes(content)
    assert store.broken(KEY) == ""


@pytest.mark.parametrize("harm", ["truncated", "empty", "missing", "folder"])
def test_a_file_that_is_not_whole_is_named(store, record, harm):
    store.put(record())
    for file in trial_files(store):
        content = file.read_bytes()
        file.unlink()
        if harm == "folder":
            file.mkdir()
        elif harm != "missing":
            file.write_bytes(content[:-5] if harm == "truncated" else b"")
        assert file.name in store.broken(KEY)
        with pytest.raises(InputError, match=file.name):
            store.get(KEY, weights=True)
        if harm == "folder":
            file.rmdir()
        file.write_bytes(content)


def test_a_broken_statement_is_told_with_its_folder(store, record):
    store.put(record())
    (store.folder(KEY) / RECORD).write_text("{")
    with pytest.raises(InputError) as refused:
        store.statement(KEY)
    (problem,) = refused.value.problems
    assert problem.where == str(store.folder(KEY))
    assert "fsck" in problem.hint
    assert "\n" not in str(problem)


def test_a_record_of_another_trial_is_not_taken(store, record):
    store.put(record(key=OTHER))
    store.folder(OTHER).rename(store.folder(KEY))
    assert store.broken(KEY) == "record.json belongs to another trial"
    with pytest.raises(InputError, match="belongs to another trial"):
        store.get(KEY)


def test_what_is_set_aside_is_missing_and_whole(store, record):
    for n in (1, 2):
        store.put(record())
        before = {file.name: file.read_bytes() for file in trial_files(store)}
        target = store.set_aside(KEY)
        assert target == store.root / "set-aside" / f"{KEY}.{n}"
        assert {file.name: file.read_bytes() for file in target.iterdir()} == before
        assert store.missing([KEY]) == [KEY]
        assert store.keys() == []


def test_a_failed_trial_can_be_tried_again_and_its_log_is_kept(store, record, same):
    failed = record(status=Status.FAILED, reason="no luck", weights={}, log="why")
    for n in (1, 2):
        store.put(failed)
        kept = store.reopen(KEY)
        assert kept == store.root / "failed" / f"{KEY}.{n}"
        assert (kept / "log.txt").read_text() == "why"
        assert not store.has(KEY)
    store.put(record())
    same(store.get(KEY, weights=True), record())


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAILED])
def test_only_a_failed_trial_is_tried_again(store, record, status):
    store.put(record(status=status))
    with pytest.raises(ValueError, match="only a failed trial"):
        store.reopen(KEY)
    assert store.has(KEY)


def test_a_broken_record_is_not_tried_again_but_told(store, record):
    store.put(record(status=Status.FAILED))
    (store.folder(KEY) / RECORD).write_text("{}")
    with pytest.raises(InputError, match=r"record\.json"):
        store.reopen(KEY)


def test_keys_are_those_of_complete_trials_at_their_own_place(store, record):
    store.put(record())
    store.put(record(key=OTHER))
    store.checkpoints("cd" * 32).save(1, 0, {}, {})
    for stranger in ("ab/notes", f"zz/{KEY}", f"ab/{KEY.upper()}", f"ab/{KEY}x", f"studies/{'ef' * 32}"):
        (store.root / stranger).mkdir(parents=True)
        (store.root / stranger / RECORD).write_text("{}")
    (store.root / "ab" / RECORD).write_text("{}")
    assert store.keys() == [KEY, OTHER]
    assert Store(store.root / "nowhere").keys() == []


def test_a_key_is_found_by_its_first_digits(store, record):
    store.put(record())
    store.put(record(key=OTHER))
    store.checkpoints("cd" * 32).save(1, 0, {}, {})
    assert store.find(KEY) == store.find("ababa") == KEY
    assert store.find("ababcd") == OTHER
    for start, what in {
        "abab": "2 trials have a key that begins with abab",
        "ffff": "no trial has key ffff",
        "cdcd": "no trial has key cdcd",
        KEY[:63] + "c": "no trial has key",
    }.items():
        with pytest.raises(InputError, match=what):
            store.find(start)


@pytest.mark.parametrize("start", ["", "abc", "ABAB", "../..", "ab*b", "wxyz", "ab" * 33, "abab\n", "a/ab"])
def test_what_cannot_begin_a_key_is_refused(store, start):
    with pytest.raises(InputError, match="is not a key"):
        store.find(start)


def test_a_store_that_cannot_be_written_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        store = Store(root)
        with pytest.raises(InputError, match=r"the store cannot be written: .* \(choose another folder with --store\)"):
            store.prepare()
        with pytest.raises(InputError, match="the store cannot be written"), store.claim(KEY):
            pytest.fail("claimed what cannot be written")
        assert store.keys() == []
        assert not store.has(KEY)


def test_an_error_inside_a_claim_is_not_the_stores(store):
    with pytest.raises(OSError, match="mine"), store.claim(KEY):
        raise OSError("mine")
    with store.claim(KEY):
        assert not store.has(KEY)


def test_curves_are_one_json_line_per_epoch(store, record):
    row = replace(record().epochs[0], train_loss=float("nan"), validation_loss=float("inf"))
    store.put(record(epochs=(row,)))
    (line,) = (store.folder(KEY) / EPOCHS).read_text().splitlines()
    said = json.loads(line, parse_constant=pytest.fail)
    assert (said["train_loss"], said["validation_loss"]) == ("nan", "inf")


def test_the_first_record_of_a_trial_counts(store, record, same):
    store.put(record())
    files = {file: file.read_bytes() for file in store.folder(KEY).rglob("*") if file.is_file()}
    store.put(record(metrics={"top1": 0.99}, log="late"))
    assert {file: file.read_bytes() for file in store.folder(KEY).rglob("*") if file.is_file()} == files
    same(store.get(KEY, weights=True), record())


def test_a_late_record_costs_nothing_when_the_disk_refuses_it(store, record, same, disk):
    store.put(record())
    disk.fail(1, forever=True)
    with contextlib.suppress(OSError):
        store.put(record(metrics={"top1": 0.99}))
    disk.fail(0)
    same(store.get(KEY, weights=True), record())
