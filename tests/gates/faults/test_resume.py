import pytest

from ceteris.engine import progress
from ceteris.lab.disk import KeptCheckpoints
from ceteris.study import streams
from gates.faults.rows import resume


@pytest.fixture(autouse=True)
def few(monkeypatch):
    label = "Adam, plateau, early stopping"
    monkeypatch.setattr(resume, "RECIPES", {label: resume.RECIPES[label]})
    monkeypatch.setattr(resume, "SHORT_EVERY", 30)


def run(only=None):
    return list(resume.inject(short=True, only=only))


def test_a_killed_trial_done_again_has_the_bits_of_one_that_was_not():
    injections = run()
    assert {one.outcome for one in injections} == {"survived"}
    assert len(injections) > 10
    assert run(only=7) == injections[6:7]


def test_the_row_sees_an_optimizer_that_forgets(monkeypatch):
    monkeypatch.setattr(progress, "_restore_optimizer", lambda *_: None)
    assert run(only=8)[0].outcome == "wrong"


def test_the_row_sees_curves_that_are_lost(monkeypatch):
    real = progress.resume
    monkeypatch.setattr("ceteris.engine.train.resume", lambda setup, state: real(setup, None))
    assert run(only=8)[0].outcome == "lost"


def test_the_row_sees_a_checkpoint_that_is_never_found(monkeypatch):
    monkeypatch.setattr(KeptCheckpoints, "save", lambda *_: None)
    assert run(only=8)[0].outcome == "lost"


def test_the_row_sees_draws_that_depend_on_what_was_drawn_before(monkeypatch):
    calls = iter(range(1_000_000))
    real = streams.stream
    monkeypatch.setattr("ceteris.data.batches.stream", lambda seed, name: real(seed, f"{name}/{next(calls)}"))
    assert {one.outcome for one in run(only=8)} == {"wrong"}
