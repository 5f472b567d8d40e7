"""A stretch begins after the warm-up and ends with the step that comes after its seconds."""

import io

import pytest

from bench.cases import BATCH
from bench.meter import READY, WARM_UP, Meter, Over


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second whenever it is read."""
    ticks = iter(range(10_000))
    monkeypatch.setattr("bench.meter.time.perf_counter", lambda: float(next(ticks)))


def steps_until_over(meter):
    for done in range(1, 1000):
        try:
            meter.step()
        except Over:
            return done
    raise AssertionError("never over")


def test_only_steps_after_the_warm_up_count(clock):
    meter = Meter(3)

    assert steps_until_over(meter) == WARM_UP + 3
    assert meter.rates == [BATCH]


def test_stretches_wait_for_each_other(clock, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("go\ngo\n"))
    meter = Meter(2, waits=2)

    assert steps_until_over(meter) == WARM_UP + 2 + 2
    assert meter.rates == [BATCH, BATCH]
    assert capsys.readouterr().out.split() == [READY, READY]
