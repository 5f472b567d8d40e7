import pytest

from ceteris import registry
from ceteris.lab import disk
from ceteris.study import keys
from gates.faults.rows import changed


def run(monkeypatch, *labels):
    if labels:
        monkeypatch.setattr(changed, "CHANGES", {label: changed.CHANGES[label] for label in labels})
    return list(changed.inject(short=True, only=None))


def test_every_change_is_noticed(monkeypatch):
    injections = run(monkeypatch)
    assert {one.outcome for one in injections} <= {"survived", "refused"}
    assert len(injections) >= 12


def test_the_row_sees_a_checkpoint_that_is_continued_by_other_code(monkeypatch):
    monkeypatch.setattr(disk, "changes", lambda before, now: "")
    (seen,) = run(monkeypatch, "another torch")
    assert seen.detail == "half of it was trained under something else"


def test_the_row_sees_a_user_file_of_which_one_function_counts(monkeypatch):
    monkeypatch.setattr(registry, "_source", registry.inspect.getsource)
    assert {one.outcome for one in run(monkeypatch, "another class in a user's file")} == {"wrong"}


@pytest.mark.parametrize("label", ["a pixel of an image", "another seed"])
def test_the_row_sees_a_key_that_misses_something(monkeypatch, label):
    def careless(recipe, fingerprint, seed):
        return keys.sha256_of({"recipe": recipe})

    monkeypatch.setattr("gates.faults.trials.trial_key", careless)
    assert {one.detail for one in run(monkeypatch, label)} == {"the change is not in the key"}
