"""What a study asks of a trial that has a record already: its probes' findings, from stored weights where they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ceteris.errors import InputError
from ceteris.lab.disk import KeptCheckpoints, put_findings
from ceteris.lab.surroundings import surroundings
from ceteris.store.records import Store
from ceteris.study.findings import Findings, Identity
from ceteris.study.record import Record, Status

if TYPE_CHECKING:
    from ceteris.data.source import Dataset
    from ceteris.engine.device import Conditions
    from ceteris.engine.watching import Watcher


def measure(
    store: Store, key: str, probes: Sequence[Identity], *, data: Dataset, conditions: Conditions, watcher: Watcher
) -> None:
    """Find what is missing of these probes' findings and store it; the record stays as it is.

    Probes that need the trained model only are computed from the stored weights. For those that watch training the
    trial is trained again under the record's own conditions, and not stored. Every probe leaves findings, if only
    the reason why there are none. Raises InputError for options that a probe refuses, or when the disk refuses.
    """
    from ceteris.engine.examine import examine
    from ceteris.engine.probing import watches_training

    left = store.missing_findings(key, probes)
    if not left:
        return
    keep = partial(put_findings, store, key)
    record = store.get(key, weights=True)
    if record.status is Status.FAILED:
        for probe in left:
            keep(Findings(probe, error=f"the trial failed: {record.reason}"))
        return
    conditions = _as_then(record, conditions)
    watching = [probe for probe in left if watches_training(probe)]
    if watching:
        for findings in _watch_again(store, record, watching, data=data, conditions=conditions, watcher=watcher):
            keep(findings)
        store.checkpoints(key).clear()
    examine(record, data, conditions, [probe for probe in left if probe not in watching], keep)


def _as_then(record: Record, now: Conditions) -> Conditions:
    """A trial of the CPU stays there, with its thread count: another would change the last bits; so would compiling."""
    there = record.environment
    device, compiled = "cpu" if there["device"] == "cpu" else now.device, bool(there.get("compiled"))
    return replace(now, device=device, threads=there["threads"], sealed_test_curve=False, compiled=compiled)


def _watch_again(
    store: Store,
    record: Record,
    probes: Sequence[Identity],
    *,
    data: Dataset,
    conditions: Conditions,
    watcher: Watcher,
) -> list[Findings]:
    from ceteris.engine.probing import Probing
    from ceteris.engine.setup import Trial
    from ceteris.engine.train import train

    probing, trial = Probing(probes), Trial(record.key, record.recipe, record.seed)
    checkpoints = KeptCheckpoints(store.checkpoints(record.key), surroundings(conditions.device, conditions.compiled))
    try:
        again = train(trial, data, conditions, checkpoints, watcher, probes=probing)
    except InputError:
        raise
    except Exception as error:  # what failed is the second training: the record stands
        why = f"training the trial again failed: {type(error).__name__}: {error}"
        return [Findings(probe, error=why) for probe in probes]
    same = np.array_equal(again.steps["loss"], record.steps["loss"], equal_nan=True)
    return [replace(findings, same_training=same) for findings in probing.findings()]
