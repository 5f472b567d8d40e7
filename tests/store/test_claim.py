"""Two processes that want one trial: the second waits, and gets it when the first is through, or dead."""

import fcntl
import multiprocessing

import pytest

from ceteris.store.records import Store

KEY = "ab" * 32
PATIENCE = 60
"""Seconds after which a test is given up; none of them waits for time to pass."""


def hold(root, pipe):
    """Claim the trial, say so, and hold it until told to let go."""
    pipe.send("asking")
    with Store(root).claim(KEY):
        pipe.send("holding")
        pipe.recv()
    pipe.send("done")


@pytest.fixture
def other(store):
    """other() -> (process, pipe) of another process that claims the trial; none outlives the test."""
    context, started = multiprocessing.get_context("spawn"), []

    def start():
        ours, theirs = context.Pipe()
        process = context.Process(target=hold, args=(store.root, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
        return process, ours

    yield start
    for process, pipe in started:
        process.kill()
        process.join()
        pipe.close()


def heard(pipe):
    assert pipe.poll(PATIENCE), "nothing was said"
    return pipe.recv()


def test_a_second_process_waits_until_the_first_lets_go(store, other):
    _, first = other()
    assert [heard(first), heard(first)] == ["asking", "holding"]
    with (store.root / "unfinished" / f"{KEY}.claim").open("wb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _, second = other()
    assert heard(second) == "asking"
    assert not second.poll(0)
    first.send("let go")
    assert heard(first) == "done"
    assert heard(second) == "holding"


def test_the_claim_of_a_killed_process_passes_on(other):
    process, first = other()
    assert [heard(first), heard(first)] == ["asking", "holding"]
    _, second = other()
    assert heard(second) == "asking"
    process.kill()
    assert heard(second) == "holding"


def test_who_does_not_wait_is_told_that_another_has_it(store, other):
    process, first = other()
    assert [heard(first), heard(first)] == ["asking", "holding"]
    with store.claim(KEY, wait=False) as mine:
        assert mine is False
    first.send("let go")
    process.join()
    with store.claim(KEY, wait=False) as mine:
        assert mine is True
        with store.claim(KEY, wait=False) as again:
            assert again is False


def test_different_trials_do_not_wait_for_each_other(store, other):
    _, first = other()
    assert [heard(first), heard(first)] == ["asking", "holding"]
    with store.claim("cd" * 32):
        assert first.poll(0) is False
