"""A record with everything in it, and a store for it."""

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
