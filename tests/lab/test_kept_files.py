"""The plan and the model facts on disk: what is not as it was written is refused or made again, never believed."""

import errno
import json
import os
from dataclasses import replace

import pytest

from ceteris.errors import InputError
from ceteris.lab.facts import KnownFacts
from ceteris.lab.run import MANIFEST, read_manifest, write_manifest
from ceteris.study.record import DataFacts

RECIPE = {"model": {"name": "lenet", "version": "1"}}
DATA = DataFacts("shapes", "f" * 64, True, ("disc", "square"), 32, 3, 90, 30)


def test_a_plan_comes_back(planned, tmp_path):
    write_manifest(planned, tmp_path / "study")
    assert read_manifest(tmp_path / "study" / MANIFEST) == planned


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace(b'"margin": 0.005', b'"margin": 0.105'),
    lambda text: text.replace(b'"sha256"', b'"sha255"'),
    lambda text: text[:-9],
    lambda text: b"[]",
    lambda text: b"",
    lambda text: b"\xff" + text,
])  # fmt: skip
def test_a_plan_that_was_altered_is_refused_in_words(planned, tmp_path, spoil):
    write_manifest(planned, tmp_path)
    file = tmp_path / MANIFEST
    before = file.read_bytes()
    file.write_bytes(spoil(before))
    assert file.read_bytes() != before
    with pytest.raises(InputError, match=r"plan\.json: the plan cannot be read: .*run the study again"):
        read_manifest(file)


def test_a_plan_of_a_newer_version_is_refused_in_words(planned, tmp_path):
    write_manifest(replace(planned, resources={"nodes": 2}), tmp_path)
    with pytest.raises(InputError, match=r"the plan cannot be read: it is not a plan"):
        read_manifest(tmp_path / MANIFEST)


def test_a_disk_that_refuses_the_plan_is_said_in_words(planned, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        write_manifest(planned, tmp_path)


def test_altered_model_facts_are_counted_again(tmp_path):
    facts = KnownFacts(tmp_path).of(RECIPE, DATA)
    (file,) = tmp_path.iterdir()
    kept = json.loads(file.read_bytes())
    kept["known"]["facts"]["parameters"] += 1
    file.write_text(json.dumps(kept))
    assert KnownFacts(tmp_path).of(RECIPE, DATA) == facts
