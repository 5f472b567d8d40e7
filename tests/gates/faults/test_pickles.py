import pickle

from ceteris.data import batch_pickle, cifar
from gates.faults.rows import pickles


def run(**chosen):
    return list(pickles.inject(**({"short": True, "only": None} | chosen)))


def test_no_payload_is_run_and_no_damage_passes(monkeypatch):
    monkeypatch.setattr(pickles, "SHORT_FLIPS", 30)
    injections = run()
    assert {one.outcome for one in injections} <= {"refused", "survived"}
    assert len(injections) == 2 * len(pickles.PAYLOADS) + 30
    assert len(pickles.PAYLOADS) >= 30


def test_one_injection_is_replayed_alone():
    number = 2 * len(pickles.PAYLOADS) + 7
    assert run(only=number) == run(short=False, only=number)
    assert run(only=number)[0].number == number


def test_the_row_sees_a_plain_unpickler(monkeypatch):
    monkeypatch.setattr(cifar, "load_batch", lambda content, where: pickle.loads(content, encoding="bytes"))
    for number in range(1, 5):
        (seen,) = run(only=number)
        assert (seen.outcome, seen.detail) == ("wrong", "the pickle was run")


def test_the_row_sees_an_allow_list_with_a_hole(monkeypatch):
    monkeypatch.setattr(batch_pickle._AllowList, "find_class", pickle.Unpickler.find_class)
    (seen,) = run(only=1)
    assert seen.detail == "the pickle was run"


def test_the_row_sees_a_modified_copy_that_passes_for_the_official_one(monkeypatch):
    monkeypatch.setattr(cifar.Cifar, "_modified", lambda self, changed: (self._official_facts(), clean(self)))

    def clean(source):
        return {f"{split}_{kind}": None for split in ("train", "test") for kind in ("pixels", "labels")}

    (seen,) = run(only=1)
    assert (seen.outcome, seen.detail) == ("wrong", "it passes for the official copy")
