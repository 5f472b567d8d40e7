"""What a trial spends around its training steps: evaluation, a probe, a checkpoint, and going on from it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import Case, recipe
from bench.meter import Over
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.probing import Probing
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.engine.watching import State
from ceteris.lab.resolve import resolve_probes
from ceteris.store.checkpoints import Checkpoints
from ceteris.study.record import Epoch
from ceteris.study.vocabulary import PartSpec

PROBE = PartSpec.model_validate({"name": "gradient-flow"})
VALIDATION = 0.1
EPOCHS = 2
"""Trained, the last of which is measured: in the first one memory is asked for and kernels are chosen."""


def around(one: Case, data: Dataset, threads: int, begun: float, folder: Path) -> dict[str, float]:
    """Train two epochs, or go on after them where the folder holds their checkpoint.

    Args:
        one, data, threads: what is trained, on how many cores.
        begun: when the process was started, seconds since 1970.
        folder: of the checkpoint.

    Returns seconds: `start` from then to the end of the first step; of the second epoch, if it was trained, its
    `training`, `evaluation` of all validation and test images, and `probe`; and of the `checkpoint` after it.
    """
    wanted = recipe(one)
    wanted["split"] = {**wanted["split"], "validation": VALIDATION}
    probing = Probing(resolve_probes([PROBE]))
    watched = _Watched(Checkpoints(folder), probing)
    with suppress(Over):
        train(Trial("0" * 64, wanted, 0), data, Conditions("cpu", threads), watched, watched, probes=probing)
    start = {"start": watched.first_step - begun}
    if not watched.saved:
        return start
    before, after = watched.saved
    around_epoch = {name: after[name] - before[name] for name in ("evaluation", "probe")}
    return start | {"training": watched.training[-1], **around_epoch, "checkpoint": after["checkpoint"]}


class _Watched:
    """Watches a training until the first step after `EPOCHS`, and keeps a checkpoint of each.

    `training` are the seconds of every epoch's steps; `saved` are those of every checkpoint, and of all evaluation and
    probes until then.
    """

    def __init__(self, checkpoints: Checkpoints, probing: Probing) -> None:
        self._checkpoints, self._probing, self._asked = checkpoints, probing, 0.0
        self.first_step = 0.0
        self.training: list[float] = []
        self.saved: list[dict[str, float]] = []

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Note the first one. Raises Over after the last epoch."""
        self.first_step = self.first_step or time.time()
        if epoch > EPOCHS:
            raise Over

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Keep its seconds."""
        self.training.append(row.seconds)

    def due(self) -> bool:
        """Once after every epoch."""
        self._asked = time.perf_counter()
        return len(self.training) > len(self.saved)

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """As a study does; what went before, the gathering of the state, counts as well."""
        self._checkpoints.save(epoch, step, values, arrays)
        self.saved.append(
            {
                "checkpoint": time.perf_counter() - self._asked,
                "evaluation": values["seconds_evaluating"],
                "probe": self._probing.seconds,
            }
        )

    def load(self) -> State | None:
        """As a study does."""
        return self._checkpoints.load()
