"""One measurement in a process of its own: what to measure comes as JSON in the argument, the last line out is JSON."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

from bench.cases import ALL_TEST_IMAGES, TEST_IMAGES, Case, case, images
from bench.meter import Meter
from ceteris.data.source import Dataset
from ceteris.lab.executors.worker import OBJECTS


def measure(wanted: dict[str, Any]) -> Any:
    """Do what `what` names; see `bench.run`."""
    what, seconds = wanted["what"], wanted["seconds"]
    if what in ("around", "ceteris", "cost"):
        gc.set_threshold(OBJECTS)  # as workers do
    if what == "ways":
        from bench import cpu_ways

        return cpu_ways.rates(wanted["model"], wanted["threads"], wanted["repeats"], seconds)
    count = ALL_TEST_IMAGES if what == "around" else TEST_IMAGES
    data = images(wanted["data_dir"], wanted["cache_dir"], wanted["allow_modified"], count)
    if what == "limits":
        from bench import limits

        threads = wanted["threads"]
        return {
            "matmul": limits.matmul_flops(seconds, threads),
            "conv": limits.conv_flops(seconds, threads),
            "augment": limits.augmented_per_second(data, seconds),
        }
    if what == "around":
        from bench.around import around

        return around(case(wanted["model"]), data, wanted["threads"], wanted["begun"], Path(wanted["folder"]))
    one, meter = case(wanted["model"], wanted.get("precision", "fp32")), Meter(seconds, wanted.get("waits", 0))
    if what == "cost":
        from bench import ours

        return {"operations": ours.flops_per_image(one), "step": ours.cost(one, data, wanted["threads"])}
    return _speed(what, one, data, wanted["threads"], meter)


def _speed(what: str, one: Case, data: Dataset, threads: int, meter: Meter) -> list[float]:
    """Images per second of a rival, imported by itself: each process has only what its rival needs."""
    if what == "ceteris":
        from bench import ours

        return ours.speed(one, data, threads, meter)
    if what == "usual":
        from bench import usual

        return usual.speed(one, data.train, meter)
    from bench import with_lightning

    return with_lightning.speed(one, data.train, meter)


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))), flush=True)
