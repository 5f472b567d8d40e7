"""A trial's stored weights in, findings of the probes that need no training out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions, current
from ceteris.engine.probing import Attempt, build_probe, checked
from ceteris.engine.setup import Setup, Trial, arithmetic, set_up
from ceteris.probes.kind import ModelProbe, Trained
from ceteris.study.findings import Findings, Identity
from ceteris.study.record import Record


def examine(
    record: Record,
    data: Dataset,
    conditions: Conditions,
    probes: Sequence[Identity],
    keep: Callable[[Findings], None],
) -> None:
    """Measure the trained model with each of the probes, by the data and the precision of its own test.

    Args:
        record: with its weights; without any, every finding is that there are none.
        data: what it was trained on.
        conditions: device and threads; torch's thread count is set, and left so.
        probes: identities; those that watch training are left out.
        keep: given each probe's findings as soon as they are there.

    What a probe raises becomes the error of its findings. Raises InputError for options that a probe refuses.
    """
    built = [(Attempt(probe), build_probe(probe)) for probe in probes]
    if not any(isinstance(probe, ModelProbe) for _, probe in built):
        return
    torch.set_num_threads(conditions.threads)
    setup = set_up(Trial(record.key, record.recipe, record.seed), data, conditions) if record.weights else None
    for attempt, probe in built:
        if not isinstance(probe, ModelProbe):
            continue
        if setup is None:
            attempt.error = f"the trial has no weights: its status is {record.status}"
        else:
            with current(conditions.device), arithmetic(record.recipe["precision"]):
                _measure(attempt, probe, record, setup)
        keep(attempt.findings())


def _measure(attempt: Attempt, probe: ModelProbe, record: Record, setup: Setup) -> None:
    with attempt.looking(setup, "torch"):
        setup.model.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in record.weights.items()})
        view = Trained(
            model=setup.model.eval(),
            loss=setup.loss,
            autocast=setup.autocast,
            validation=setup.validation,
            test=setup.test,
            classes=record.data.classes,
            mean=setup.normalize["mean"],
            std=setup.normalize["std"],
            seed=record.seed,
            stream_name=attempt.stream,
        )
        attempt.found = checked(probe.measure(view))
