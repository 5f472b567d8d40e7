"""A child of the gate that is interrupted at once must not clean up what its parent still needs."""

import os
import signal

import pytest

from gates.faults.trials import forked


@pytest.fixture
def _interrupted_at_once(monkeypatch):
    fork = os.fork

    def interrupting():
        child = fork()
        if not child:
            os.kill(os.getpid(), signal.SIGINT)
        return child

    monkeypatch.setattr(os, "fork", interrupting)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs without
    yield
    signal.signal(signal.SIGINT, before)


def code_of(act):
    return os.waitstatus_to_exitcode(os.waitpid(forked(act), 0)[1])


@pytest.mark.usefixtures("_interrupted_at_once")
def test_an_interrupt_reaches_a_child_only_where_it_ends(tmp_path):
    assert code_of((tmp_path / "acted").touch) == 130
    assert not (tmp_path / "acted").exists()


def test_a_child_acts_and_says_how_it_ended(tmp_path):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert code_of((tmp_path / "acted").touch) == 0
    assert (tmp_path / "acted").exists()
    assert code_of(lambda: 1 / 0) == 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
