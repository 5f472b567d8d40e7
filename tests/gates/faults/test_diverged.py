import pytest

from ceteris.engine import train
from ceteris.stats import contrast, pair
from ceteris.study.record import Status
from gates.faults.rows import diverged


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(diverged, "VALUES", ("nan",))


def details():
    return " ".join(one.detail for one in diverged.inject(short=True, only=None))


def test_every_number_that_is_not_finite_is_an_outcome():
    injections = list(diverged.inject(short=True, only=None))
    assert {one.outcome for one in injections} == {"refused"}
    assert len(injections) == 10
    assert list(diverged.inject(short=True, only=3)) == injections[2:3]


def test_the_row_sees_outputs_that_nobody_looks_at(monkeypatch):
    monkeypatch.setattr(train, "status_of", lambda test: (Status.FINISHED, ""))
    assert "no words: ValueError: nan is not a number" in details()


def test_the_row_sees_a_denominator_without_the_diverged(monkeypatch):
    monkeypatch.setattr(contrast, "NOT_SURVIVED", ())
    monkeypatch.setattr(pair, "_losses", lambda arm: "")
    assert "its arm is called" in details()
