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


def around(one: Case, data: Dataset, threads: int, begun: float, folder: Path) -> dict[str, float]:
    """Train an epoch, or go on after it where the folder holds its checkpoint.

    Args:
        one, data, threads: what is trained, on how many cores.
        begun: when the process was started, seconds since 1970.
        folder: of the checkpoint.

    Returns seconds: `start` from then to the end of the first step; of the epoch, if it was trained, its `training`,
    `evaluation` of all validation and test images, and `probe`; and of the `checkpoint` after it.
    """
    wanted = recipe(one)
    wanted["split"] = {**wanted["split"], "validation": VALIDATION}
    watched, probing = _Watched(Checkpoints(folder)), Probing(resolve_probes([PROBE]))
    with suppress(Over):
        train(Trial("0" * 64, wanted, 0), data, Conditions("cpu", threads), watched, watched, probes=probing)
    start = {"start": watched.first_step - begun}
    if not watched.rows:
        return start
    seen = {"training": watched.rows[0].seconds, "evaluation": watched.evaluating, "probe": probing.seconds}
    return start | seen | {"checkpoint": watched.saving}


class _Watched:
    """Watches a training until the first step of its second epoch, and keeps a checkpoint of the first."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints, self._asked = checkpoints, 0.0
        self.rows: list[Epoch] = []
        self.first_step, self.saving, self.evaluating = 0.0, 0.0, 0.0

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Note the first one. Raises Over in the second epoch."""
        self.first_step = self.first_step or time.time()
        if epoch == 2:
            raise Over

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Keep the row."""
        self.rows.append(row)

    def due(self) -> bool:
        """Once, after the first epoch."""
        self._asked = time.perf_counter()
        return bool(self.rows) and not self.saving

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """As a study does; what went before, the gathering of the state, counts as well."""
        self._checkpoints.save(epoch, step, values, arrays)
        self.saving, self.evaluating = time.perf_counter() - self._asked, values["seconds_evaluating"]

    def load(self) -> State | None:
        """As a study does."""
        return self._checkpoints.load()
