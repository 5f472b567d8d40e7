from gates.faults.row import Outcome
from gates.faults.rows import pickle_headers


def run(monkeypatch, only=None):
    monkeypatch.setattr(pickle_headers, "SHORT_HEADS", 2000)
    return list(pickle_headers.inject(short=True, only=only))


def test_every_head_is_read_as_plain_values_or_refused(monkeypatch):
    injections = run(monkeypatch)
    assert len(injections) == 2000
    assert {one.outcome for one in injections} == {Outcome.SURVIVED, Outcome.REFUSED}
    assert run(monkeypatch, only=1234) == injections[1233:1234]


def test_the_row_sees_something_else_that_is_built(monkeypatch):
    monkeypatch.setattr(pickle_headers, "load_batch", lambda content, where: {b"data": [object()]})
    assert {one.detail for one in run(monkeypatch)} == {"it built ['object']"}


def test_the_row_sees_an_error_without_words(monkeypatch):
    monkeypatch.setattr(pickle_headers, "load_batch", lambda content, where: content.no_such_thing)
    assert "no words: AttributeError" in run(monkeypatch)[0].detail
