"""A record with everything in it, and a store for it."""

import errno
import io
import os

import numpy as np
import pytest

from ceteris.store.records import Store
from ceteris.study.record import Cost, DataFacts, Epoch, Layer, ModelFacts, Record, Status

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture(scope="session")
def record():
    """record(**fields) -> a finished trial with every file that a record can have."""

    def make(**fields):
        whole = {
            "key": KEY,
            "status": Status.FINISHED,
            "recipe": {"model": {"name": "lenet", "version": "1"}, "augment": [], "early_stopping": None},
            "seed": 3,
            "data": DataFacts("shapes", "f" * 64, True, ("disc", "square"), 32, 3, 90, 30, ("a note",)),
            "environment": {"torch": "2.13.0", "threads": 1},
            "model": ModelFacts(10, 20, (Layer("fc", "Linear", (4,), (2,), 10, 20),)),
            "normalize": {"mean": [0.5], "std": [0.25]},
            "epochs": (
                Epoch(1, 0.5, 0.6, 0.7, 0.8, 0.1, 1.5, 60.0, 0.75),
                Epoch(2, 0.4, 0.7, 0.6, 0.9, 0.1, 1.4, 64.0),
            ),
            "chosen_epoch": 2,
            "metrics": {"top1": 0.75, "nll": 0.6, "validation_top1": 0.9},
            "cost": Cost(2.9, 0.3, 62.0, 2**20, False),
            "steps": {"loss": np.array([0.5, np.nan], np.float32)},
            "predictions": {"logits": np.eye(3, 2, dtype=np.float16), "labels": np.array([0, 1, 1], np.int16)},
            "examples": {"pixels": np.zeros((1, 2, 2, 3), np.uint8)},
            "weights": {"fc.weight": np.ones((2, 4), np.float32), "norm.steps": np.array(7)},
            "log": "a line\nanother",
        }
        return Record(**(whole | fields))

    return make


@pytest.fixture(scope="session")
def same():
    """same(one, other): whether two records say the same, NaN and array types included."""

    def check(one, other):
        for kind in ("steps", "predictions", "examples", "weights"):
            arrays, others = getattr(one, kind), getattr(other, kind)
            assert sorted(arrays) == sorted(others)
            for name in arrays:
                assert arrays[name].dtype == others[name].dtype
                np.testing.assert_array_equal(arrays[name], others[name], strict=True)
        plain = {"steps": {}, "predictions": {}, "examples": {}, "weights": {}}
        assert repr(vars(one) | plain) == repr(vars(other) | plain)

    return check


class _FailingFile:
    """A file open for writing whose writes can fail."""

    def __init__(self, file, operation):
        self._file, self._operation = file, operation

    def write(self, content):
        self._operation()
        return self._file.write(content)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *error):
        return self._file.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._file, name)


class Disk:
    """Counts every operation that changes the disk, and lets the n-th one fail, once or from then on."""

    def __init__(self, monkeypatch):
        self.done, self.fails_at, self.code, self.forever = 0, 0, errno.ENOSPC, False
        # Syncing is counted, not done: a crash of the machine is not what is tried here, and it takes long.
        monkeypatch.setattr(os, "fsync", self._counted(lambda descriptor: None))
        for name in ("replace", "rename", "mkdir"):
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        self._open = io.open
        monkeypatch.setattr(io, "open", self._opened)

    def fail(self, at, code=errno.ENOSPC, forever=False):
        """Let the at-th operation from now fail; 0 for none."""
        self.done, self.fails_at, self.code, self.forever = 0, at, code, forever

    def _operation(self):
        self.done += 1
        if self.fails_at and (self.done == self.fails_at or (self.forever and self.done > self.fails_at)):
            raise OSError(self.code, os.strerror(self.code))

    def _counted(self, real):
        def operation(*args, **named):
            self._operation()
            return real(*args, **named)

        return operation

    def _opened(self, file, mode="r", *args, **named):
        if "x" not in mode and "w" not in mode:
            return self._open(file, mode, *args, **named)
        self._operation()
        return _FailingFile(self._open(file, mode, *args, **named), self._operation)


@pytest.fixture
def disk(monkeypatch):
    """A disk whose n-th operation fails when told to; see Disk."""
    return Disk(monkeypatch)
