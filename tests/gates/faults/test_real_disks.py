import contextlib

import pytest

import ceteris.lab.run
from gates.faults import artefacts
from gates.faults.rows import real_disks


@pytest.fixture
def injections(monkeypatch):
    """The row over plans alone, and one command."""
    chosen = tuple(each for each in artefacts.ARTEFACTS if each.name == "manifest")
    monkeypatch.setattr(real_disks, "ARTEFACTS", chosen)
    return lambda: list(real_disks.inject(short=True, only=None))


def test_a_disk_that_really_refuses_is_said_in_words(injections):
    found = injections()
    assert {one.outcome for one in found} <= {"survived", "refused"}, [one.detail for one in found]
    assert any("/dev/full" in one.label for one in found)


def test_the_row_sees_a_swallowed_error(injections, monkeypatch):
    monkeypatch.setattr(ceteris.lab.run, "writing", lambda folder: contextlib.suppress(OSError))
    assert "the error was swallowed" in {one.detail for one in injections()}
