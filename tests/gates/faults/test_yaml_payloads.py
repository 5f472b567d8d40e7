import math
from pathlib import Path

from ceteris.study import reading
from gates.faults.rows import yaml_payloads


def outcomes():
    return {one.label: one.outcome for one in yaml_payloads.inject(short=True, only=None)}


def test_no_payload_is_run_and_each_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(
        yaml_payloads, "SECONDS", math.inf
    )  # a busy machine is no fault; the gate itself keeps the limit
    seen = outcomes()
    assert {label for label, outcome in seen.items() if outcome == "survived"} == set(yaml_payloads.HARMLESS)
    assert set(seen.values()) == {"survived", "refused"}
    assert len(seen) >= 25


def test_one_injection_is_replayed_alone():
    (alone,) = yaml_payloads.inject(short=False, only=3)
    assert (alone.number, alone.label) == (3, "python/object")


def test_the_row_sees_a_reader_without_its_guard(monkeypatch):
    small = {label: yaml_payloads.PAYLOADS[label] for label in ("merge key", "half a character")}
    monkeypatch.setattr(yaml_payloads, "PAYLOADS", small)
    assert set(outcomes().values()) == {"refused"}
    monkeypatch.setattr(reading, "_check_events", lambda text, name: None)
    assert set(outcomes().values()) == {"wrong"}


def test_the_row_sees_a_file_that_is_run_and_one_that_takes_long(monkeypatch):
    monkeypatch.setattr(yaml_payloads, "PAYLOADS", {"code": "CANARY"})
    monkeypatch.setattr(yaml_payloads, "_outcome", lambda file, harmless: Path(file.read_text()).touch() or (0, ""))
    assert outcomes() == {"code": "wrong"}
    monkeypatch.setattr(yaml_payloads, "SECONDS", -1.0)
    monkeypatch.setattr(yaml_payloads, "_outcome", lambda file, harmless: (0, ""))
    assert outcomes() == {"code": "wrong"}
