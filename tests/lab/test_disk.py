"""When a running trial's state is written: as often as a small share of its time pays for, and when it is to stop."""

from pathlib import Path

import pytest

from ceteris.errors import InputError
from ceteris.lab import disk
from ceteris.lab.disk import SHARE, KeptCheckpoints
from ceteris.store.checkpoints import Checkpoints


class Slow(Checkpoints):
    """Takes two seconds of the clock to save."""

    def __init__(self, clock):
        super().__init__(Path("nowhere"))
        self.clock, self.saved = clock, []

    def save(self, epoch, step, values, arrays):
        self.clock[0] += 2
        self.saved.append((epoch, step, values))


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def kept(clock):
    return KeptCheckpoints(Slow(clock), {"torch": "1"}, clock=lambda: clock[0])


def test_the_first_is_due_at_once_and_the_next_when_the_share_pays_for_it(kept, clock):
    assert kept.due()
    kept.save(0, 1, {"a": 1}, {})
    clock[0] += 2 / SHARE - 0.1
    assert not kept.due()
    clock[0] += 0.2
    assert kept.due()
    assert kept.inner.saved == [(0, 1, {"a": 1, "made_under": {"torch": "1"}})]


def test_a_trial_that_is_to_stop_is_always_saved(kept, monkeypatch):
    kept.save(0, 1, {}, {})
    assert not kept.due()
    monkeypatch.setattr(disk, "asked_to_stop", lambda: True)
    assert kept.due()


def test_a_disk_that_refuses_is_said_in_words(tmp_path):
    (tmp_path / "checkpoint").write_text("a file where a folder should be")
    kept = KeptCheckpoints(Checkpoints(tmp_path / "checkpoint"), {})
    with pytest.raises(InputError, match=r"checkpoint.*the store cannot be written"):
        kept.save(1, 0, {}, {})
