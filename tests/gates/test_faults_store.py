"""The store's rows keep the promise, and turn red when a guard of the product is broken on purpose."""

import contextlib
from collections import Counter

import pytest

import ceteris.lab.run
import ceteris.store.records
from ceteris.store.atomic import write_atomically
from ceteris.store.files import pack
from ceteris.store.records import Store
from gates.faults import artefacts
from gates.faults.row import KEPT, Outcome
from gates.faults.rows import bit_rot, disk_full, kill_writing, two_writers

ROWS = (kill_writing, disk_full, bit_rot)


def naive(path, content):
    path.write_bytes(content)


def in_place(store, record):
    """File by file to where it is read, each atomically."""
    folder = store.folder(record.key)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pack(record).items():
        write_atomically(folder / name, content)


@pytest.fixture
def on(monkeypatch):
    """on(row, kind) -> outcomes of a short run over that kind of artefact alone."""

    def run(row, kind):
        chosen = tuple(each for each in artefacts.ARTEFACTS if each.name == kind)
        assert chosen
        monkeypatch.setattr(row, "ARTEFACTS", chosen)
        return Counter(injection.outcome for injection in row.inject(short=True, only=None))

    return run


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__.rpartition(".")[2])
@pytest.mark.parametrize("kind", ["checkpoint", "manifest"])
def test_the_promise_is_kept(on, row, kind):
    found = on(row, kind)
    assert sum(found.values()) >= 5
    assert set(found) <= set(KEPT)


def test_a_number_injects_the_same_again(on):
    on(bit_rot, "manifest")
    all_of_them = list(bit_rot.inject(short=True, only=None))
    (again,) = bit_rot.inject(short=True, only=3)
    assert (again.number, again.label, again.outcome) == (3, all_of_them[2].label, all_of_them[2].outcome)


@pytest.mark.parametrize("row", [kill_writing, disk_full])
def test_a_naive_write_is_caught(on, monkeypatch, row):
    monkeypatch.setattr(ceteris.lab.run, "write_atomically", naive)
    assert on(row, "manifest")[Outcome.LOST] > 0


def test_a_statement_written_before_what_it_names_is_caught(on, monkeypatch):
    real = ceteris.store.records.pack_findings
    backwards = lambda key, findings: dict(reversed(real(key, findings).items()))  # noqa: E731
    monkeypatch.setattr(ceteris.store.records, "pack_findings", backwards)
    assert on(kill_writing, "findings")[Outcome.LOST] > 0


def test_a_swallowed_error_is_caught(on, monkeypatch):
    monkeypatch.setattr(ceteris.lab.run, "writing", lambda folder: contextlib.suppress(OSError))
    assert on(disk_full, "manifest")[Outcome.WRONG] > 0


def test_an_error_without_words_is_caught(on, monkeypatch):
    monkeypatch.setattr(ceteris.lab.run, "writing", lambda folder: contextlib.nullcontext())
    assert on(disk_full, "manifest")[Outcome.WRONG] > 0


def test_a_missing_hash_is_caught(on, monkeypatch):
    for name in ("sha256_of", "sha256_of_json"):
        monkeypatch.setattr(ceteris.lab.run, name, lambda value: "0" * 64)
    monkeypatch.setattr(bit_rot, "SHORT_PLACES", 40)
    assert on(bit_rot, "manifest")[Outcome.WRONG] > 0


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(two_writers, "SHORT_STORES", 1)
    monkeypatch.setattr(two_writers, "SHORT_PROCESSES", 3)
    monkeypatch.setattr(two_writers, "TRIALS", 4)


@pytest.mark.usefixtures("small")
def test_each_trial_has_one_record_whoever_dies():
    assert {each.outcome for each in two_writers.inject(short=True, only=None)} == {Outcome.SURVIVED}


@pytest.mark.usefixtures("small")
def test_trials_without_a_claim_are_caught(monkeypatch):
    monkeypatch.setattr(Store, "claim", lambda store, key: contextlib.nullcontext())
    monkeypatch.setattr(two_writers, "OPERATIONS", 2000)  # nobody dies
    monkeypatch.setattr(two_writers, "SECONDS", 0.2)
    assert next(two_writers.inject(short=True, only=1)).outcome is Outcome.WRONG


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("locks", [True, False])
def test_a_writer_that_stops_is_caught(monkeypatch, locks):
    def fail(store, record):
        raise OSError("no")

    monkeypatch.setattr(Store, "put", fail)
    found = next(two_writers.inject(short=True, only=1 if locks else 2))
    assert (found.outcome, found.detail) == (Outcome.WRONG, "a process stopped: OSError('no')")


@pytest.mark.usefixtures("small")
def test_a_late_writer_that_is_let_in_is_caught(monkeypatch):
    monkeypatch.setattr(Store, "put", in_place)
    late = [each.outcome for each in two_writers.inject(short=True, only=None)][2:]
    assert {Outcome.LOST, Outcome.WRONG} <= set(late)
