"""A finished trial's record that nobody had to train, and what is found of it in a store."""

from __future__ import annotations

import numpy as np

from ceteris.store.files import pack, sha256
from ceteris.store.records import Store
from ceteris.study.record import Cost, DataFacts, Epoch, ModelFacts, Record, Status
from ceteris.study.streams import stream

DATA = DataFacts("shapes", "f" * 64, True, ("disc", "square"), 32, 3, 90, 30)
RECIPE = {"model": {"name": "lenet", "version": "1"}, "precision": "fp32", "split": {"train_images": None}}


def record(key: str, seed: int = 0) -> Record:
    """A finished trial with every file that a record can have."""
    draw = stream(seed, f"faults/record/{key}")
    return Record(
        key, Status.FINISHED, RECIPE, seed, DATA, {"torch": "2.13.0", "threads": 1},
        model=ModelFacts(10, 20, ()),
        normalize={"mean": [0.5], "std": [0.25]},
        epochs=(Epoch(1, 0.5, 0.6, 0.7, 0.8, 0.1, 1.5, 60.0), Epoch(2, 0.4, 0.7, 0.6, 0.9, 0.1, 1.4, 64.0)),
        chosen_epoch=2,
        metrics={"top1": 0.75, "nll": 0.6},
        cost=Cost(2.9, 0.3, 62.0, 2**20, False),
        steps={"loss": draw.random(12, np.float32)},
        predictions={"logits": draw.random((30, 2)).astype(np.float16)},
        examples={"pixels": np.zeros((1, 4, 4, 3), np.uint8)},
        weights={"fc.weight": draw.random((4, 8), np.float32)},
        log="a line",
    )  # fmt: skip


def found_record(store: Store, key: str) -> str | None:
    """The sha256 of everything that a whole record says, None without one. Raises InputError when it is broken."""
    if not store.has(key):
        return None
    return sha256(b"".join(pack(store.get(key, weights=True)).values()))
