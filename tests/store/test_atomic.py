"""A file is the old one or the new one, whatever fails while it is written."""

import errno
import os

import pytest

from ceteris.store.atomic import write_atomically


def operations(disk, write):
    disk.fail(0)
    write()
    return disk.done


def test_it_writes_what_it_was_given_and_nothing_else(tmp_path):
    write_atomically(tmp_path / "file", b"content")
    write_atomically(tmp_path / "empty", b"")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"file": b"content", "empty": b""}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failure_leaves_the_old_file_or_the_new_and_no_debris(disk, tmp_path, code):
    path = tmp_path / "file"
    total = operations(disk, lambda: write_atomically(path, b"old"))
    assert total == 5  # open, write, fsync, rename, fsync of the folder
    for at in range(1, total + 1):
        path.write_bytes(b"old")
        disk.fail(at, code)
        with pytest.raises(OSError, match=os.strerror(code)):
            write_atomically(path, b"new")
        assert path.read_bytes() == (b"new" if at == total else b"old")
        assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_safe_before_it_has_its_name(tmp_path, monkeypatch):
    order, real_sync, real_replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: order.append("sync") or real_sync(fd))
    monkeypatch.setattr(os, "replace", lambda *names: order.append("rename") or real_replace(*names))
    write_atomically(tmp_path / "file", b"content")
    assert order == ["sync", "rename", "sync"]


def test_others_may_read_what_the_user_lets_them_read(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
