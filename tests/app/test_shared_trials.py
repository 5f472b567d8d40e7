"""Two studies in one store: a trial that both ask for is trained once, whatever the studies are called."""

import errno
import json
import os
import re
import subprocess
import sys

from ceteris.store import locks
from ceteris.store.records import Store

STUDY = """\
name: {name}
question: {question}
baseline:
  data: {{name: shapes, train_images: 60, test_images: 60, classes: 3, difficulty: 0.6}}
  model: {{name: plain-cnn, width: 4}}
  optimizer: {{name: adam, lr: 0.01}}
  epochs: 1
  batch_size: 16
factors: [{{path: model.activation, levels: [{level}]}}]
seeds: 2
"""


def test_identical_trials_run_once(call, tmp_path):
    for name, level in (("one", "gelu"), ("two", "sigmoid")):
        (tmp_path / f"{name}.yaml").write_text(STUDY.format(name=name, question=f"Is {level} better?", level=level))
    store, inline = ("--store", tmp_path / "store"), ("--executor", "inline")
    first = call("run", tmp_path / "one.yaml", *store, *inline)
    assert "4 trials, 0 done, 4 to train" in first.out
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "store").glob("??/*/record.json")}

    assert json.loads(call("plan", tmp_path / "two.yaml", *store, "--json").out)["new"] == 2
    second = call("run", tmp_path / "two.yaml", *store, *inline)

    assert "4 trials, 2 done, 2 to train" in second.out
    assert len(before) == 4
    assert len(Store(tmp_path / "store").keys()) == 6
    assert {file: file.stat().st_mtime_ns for file in before} == before
    outcomes = json.loads(call("status", *store, "--json").out)
    assert [sum(study["outcomes"].values()) for study in outcomes] == [4, 4]
    keys = [{trial["key"] for trial in study["trials"]} for study in outcomes]
    assert len(keys[0] & keys[1]) == 2


def test_two_runs_at_once_train_every_trial_once(call, tmp_path):
    (tmp_path / "one.yaml").write_text(STUDY.format(name="one", question="Is gelu better?", level="gelu"))
    command = [sys.executable, "-m", "ceteris", "run", "one.yaml", "--store", "store", "--executor", "inline"]
    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    started = [re.findall(r"^(.+): started$", text, re.MULTILINE) for text in said]
    assert sorted(started[0] + started[1]) == sorted(f"{arm}, seed {n}" for arm in ("baseline", "gelu") for n in (0, 1))
    assert json.loads(call("status", "one.yaml", "--store", tmp_path / "store", "--json").out)["outcomes"].keys() <= {
        "finished", "did not learn",
    }  # fmt: skip


def test_two_runs_whose_locks_do_not_meet_spoil_nothing(call, tmp_path):
    """As on two machines with a file system that keeps their locks apart."""
    (tmp_path / "one.yaml").write_text(STUDY.format(name="one", question="Is gelu better?", level="gelu"))
    apart = "import sys; from ceteris.app.cli import main; from ceteris.store import locks"
    apart += "; locks._lock = lambda descriptor, wait: True; sys.exit(main())"
    command = [sys.executable, "-c", apart, "run", "one.yaml", "--store", "store", "--executor", "inline"]
    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for run in runs:
        run.communicate()
    assert [run.returncode for run in runs] == [0, 0]
    checked = json.loads(call("fsck", "--store", tmp_path / "store", "--json").out)
    assert (checked["records"], checked["broken"], checked["broken_checkpoints"]) == (4, {}, {})
    assert list((tmp_path / "store" / "unfinished").iterdir()) == []


def test_a_file_system_without_locks_is_told_of(call, tmp_path, monkeypatch):
    def refuse(descriptor, wait):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(locks, "_lock", refuse)
    (tmp_path / "one.yaml").write_text(STUDY.format(name="one", question="Is gelu better?", level="gelu"))
    ran = call("run", tmp_path / "one.yaml", "--store", tmp_path / "store", "--executor", "inline")
    assert ran.code == 0
    assert "this file system has no locks" in ran.out + ran.err
    assert len(Store(tmp_path / "store").keys()) == 4
