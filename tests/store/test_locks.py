"""A lock is held by one, leaves nothing behind, and a file system without locks is got on with, and told of."""

import errno
import os

import pytest

from ceteris.store import locks
from ceteris.store.locks import has_locks, locked


@pytest.fixture(params=sorted(locks.NO_LOCKS), ids=errno.errorcode.get)
def without_locks(request, monkeypatch):
    """A file system that says so, in each of the ways there are."""

    def refuse(descriptor, wait):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(locks, "_lock", refuse)


def test_one_holds_it_and_it_leaves_no_file(tmp_path):
    file = tmp_path / "lock"
    for _ in range(2):
        with locked(file, wait=False) as mine:
            assert mine
            with locked(file, wait=False) as again:
                assert not again
            assert file.exists()
        assert not file.exists()


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    file, real, taken = tmp_path / "lock", locks._lock, []

    def slow(descriptor, wait):
        if not taken:
            file.unlink()  # who held it lets go, and another makes the file anew before we look
            file.touch()
        taken.append(os.fstat(descriptor).st_ino)
        return real(descriptor, wait)

    monkeypatch.setattr(locks, "_lock", slow)
    with locked(file) as mine:
        assert mine
        assert taken[-1] == file.stat().st_ino
        assert len(taken) == 2


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EDEADLK])
def test_other_errors_are_told(tmp_path, monkeypatch, code):
    def refuse(descriptor, wait):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(locks, "_lock", refuse)
    with pytest.raises(OSError, match=os.strerror(code)), locked(tmp_path / "lock"):
        pytest.fail("held what could not be locked")


def test_a_file_system_has_locks_or_not(tmp_path):
    assert has_locks(tmp_path / "file")


@pytest.mark.usefixtures("without_locks")
def test_without_locks_everybody_who_waits_holds_it_and_others_see_its_file(tmp_path):
    assert not has_locks(tmp_path / "file")
    with locked(tmp_path / "lock", wait=False) as mine, locked(tmp_path / "lock", wait=False) as another:
        assert mine
        assert not another
        with locked(tmp_path / "lock") as patient:
            assert patient


def test_a_file_that_somebody_left_is_taken_by_who_waits(tmp_path):
    file = tmp_path / "lock"
    file.touch()
    with locked(file, wait=False) as mine:
        assert not mine
    assert file.exists()
    with locked(file) as mine:
        assert mine
    assert not file.exists()
