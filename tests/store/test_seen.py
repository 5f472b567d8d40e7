"""What was seen of a record before is used while the file is the one that was read, and never else."""

import json

import pytest

from ceteris.errors import InputError
from ceteris.store.files import RECORD
from ceteris.store.records import Store
from ceteris.store.seen import Seen
from ceteris.study.record import Status

OTHER = "cd" * 32


@pytest.fixture
def seen(store, record):
    """A first look at a store with one record."""
    store.put(record())
    first = Seen(store.root, {})
    assert first.has(record().key)
    return first


def test_a_statement_is_what_the_store_says(seen, store, record):
    said = store.statement(record().key)
    assert seen.statement(record().key) == {name: said[name] for name in ("status", "reason", "metrics")}
    assert seen.changed


def test_a_record_that_stays_is_not_read_again(seen, store, record, monkeypatch):
    rows = json.loads(json.dumps(seen.rows))
    again = Seen(store.root, rows)
    monkeypatch.setattr(Store, "statement", lambda *_: pytest.fail("it was read again"))

    assert again.statement(record().key) == seen.statement(record().key)
    assert not again.changed
    assert again.rows == rows


def test_one_that_was_trained_again_is_read_again(seen, store, record):
    store.set_aside(record().key)
    store.put(record(status=Status.DIVERGED, metrics={}))
    again = Seen(store.root, seen.rows)

    assert again.statement(record().key)["status"] == "diverged"
    assert again.changed


def test_one_that_is_gone_is_gone(seen, store, record):
    store.set_aside(record().key)
    again = Seen(store.root, seen.rows)

    assert not again.has(record().key)
    assert again.changed
    assert again.rows == {}
    with pytest.raises(KeyError):
        again.statement(record().key)


def test_a_damaged_record_is_named_when_it_is_read(seen, store, record):
    file = store.folder(record().key) / RECORD
    file.write_bytes(file.read_bytes().replace(b"finished", b"Finished"))
    file.touch()
    with pytest.raises(InputError, match="does not match its own sha256"):
        Seen(store.root, {}).has(record().key)


def test_what_was_never_there_is_no_change(seen, store):
    again = Seen(store.root, {})
    assert not again.has(OTHER)
    assert not again.changed
