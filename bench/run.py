"""The whole benchmark: every measurement, interleaved, as one plain value."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from bench.cases import CPU_CASES, case, images
from bench.children import import_of_torch, measured, measured_together
from ceteris.engine.device import Conditions, computes_bf16, environment
from ceteris.lab.sharing import Resources, share_cores, usable_cores

RIVALS: Mapping[str, tuple[str, str]] = {
    "ceteris": ("ceteris", "fp32"),
    "usual": ("usual", "fp32"),
    "lightning": ("lightning", "fp32"),
    "ceteris, bf16": ("ceteris", "bf16"),
    "usual, bf16": ("usual", "bf16"),
}
"""What `bench.child` measures, and in which precision."""
BUSY = (0, 2)
"""Other processes beside many trials, each keeping a core busy."""
MANY = ("lenet", "resnet14")
"""The smallest and the largest network of the benchmark."""
PACKAGES = ("torch", "torchvision", "lightning", "numpy", "pillow")
ALL_CORES, ONE_CORE, DEFAULTS = "all cores, one trial", "one core a trial", "torch's defaults"
Say = Callable[[str], None]
Repeats = dict[str, list[float]]


@dataclass(frozen=True)
class Wanted:
    """How much to measure, and on what.

    Attributes:
        repeats: of every measurement; rivals take turns within a repeat.
        seconds: of one measured stretch.
        models: names.
        data_dir: folder with CIFAR-10, None for made images.
        allow_modified: use a copy of CIFAR-10 that is not the official one.
    """

    repeats: int = 3
    seconds: float = 2.0
    models: tuple[str, ...] = field(default_factory=lambda: tuple(one.model for one in CPU_CASES))
    data_dir: str | None = None
    allow_modified: bool = False


def run(wanted: Wanted, say: Say) -> dict[str, Any]:
    """Measure everything; `say` is told what is being done. Raises InputError when the data is not there."""
    begun, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        cache = folder if wanted.data_dir else None
        data = images(wanted.data_dir, cache, wanted.allow_modified)  # decoded once, before any child
        cores = usable_cores()
        ask = {"seconds": wanted.seconds, "threads": cores, "data_dir": wanted.data_dir, "cache_dir": cache}
        ask |= {"allow_modified": wanted.allow_modified}
        limits, trials = _one_trial(wanted, ask, say)
        many = [_many(model, wanted, ask, say) for model in wanted.models if model in MANY]
    machine = {
        "processor": _processor(),
        "cores": cores,
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load": load,
    }
    made = {
        "date": datetime.date.today().isoformat(),
        "minutes": (time.monotonic() - begun) / 60,
        "repeats": wanted.repeats,
        "seconds": wanted.seconds,
        "data": data.facts.name,
        "official": data.facts.official,
    }
    return {"machine": machine, "made": made, "limits": limits, "trials": trials, "many": many}


def _one_trial(wanted: Wanted, ask: Mapping[str, Any], say: Say) -> tuple[Repeats, list[dict[str, Any]]]:
    """One trial on all cores: the limits, and every model with every rival, in turn within each repeat."""
    limits: Repeats = defaultdict(list)
    speeds: dict[str, Repeats] = {model: defaultdict(list) for model in wanted.models}
    around: dict[str, Repeats] = {model: defaultdict(list) for model in wanted.models}
    steps: dict[str, Repeats] = {model: defaultdict(list) for model in wanted.models}
    operations: dict[str, float] = {}
    rivals = {name: how for name, how in RIVALS.items() if how[1] != "bf16" or computes_bf16("cpu")}
    for repeat in range(wanted.repeats):
        now = f"repeat {repeat + 1} of {wanted.repeats}"
        say(f"{now}: limits")
        bare = measured({**ask, "what": "limits", "seconds": 1.0}, as_worker=True)
        _keep(limits, {**bare, "import torch": import_of_torch()})
        for model in wanted.models:
            for rival, (what, precision) in rivals.items():
                say(f"{now}: {model}, {rival}")
                asked = {**ask, "what": what, "model": model, "precision": precision}
                speeds[model][rival] += measured(asked, as_worker=what == "ceteris")
            say(f"{now}: what surrounds the training of {model}")
            _keep(around[model], _around({**ask, "model": model}))
            say(f"{now}: where the time of {model} goes")
            cost = measured({**ask, "what": "cost", "model": model}, as_worker=True)
            operations[model] = cost["operations"]
            _keep(steps[model], cost["step"])
    trials = [
        {
            "model": model,
            "target": case(model).target,
            "images_per_second": speeds[model],
            "flops_per_image": operations[model],
            "step": steps[model],
            "around": around[model],
        }
        for model in wanted.models
    ]
    return limits, trials


def _keep(repeats: Repeats, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        repeats[name].append(value)


def _around(ask: Mapping[str, Any]) -> dict[str, float]:
    """See `bench.around`; `resume` is the start of a process that goes on from the checkpoint of the first one."""
    with tempfile.TemporaryDirectory() as folder:
        asked = {**ask, "what": "around", "folder": folder}
        first, second = (measured({**asked, "begun": time.time()}, as_worker=True) for _ in range(2))
    return {**first, "resume": second["start"]}


def _many(model: str, wanted: Wanted, ask: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """As many trials as cores: images per second of all together, by how they share the machine.

    `chosen` is the way that the executor takes for so many trials. torch's defaults: one trial after another in a
    process as a user starts it.
    """
    cores = usable_cores()
    ways = {ALL_CORES: (cores, 1, True), ONE_CORE: (1, cores, True), DEFAULTS: (cores, 1, False)}
    speeds: list[dict[str, list[float]]] = [{way: [] for way in ways} for _ in BUSY]
    for repeat in range(wanted.repeats):
        for way, (threads, processes, as_worker) in ways.items():
            say(f"repeat {repeat + 1} of {wanted.repeats}: many trials of {model}, {way}")
            asked = {**ask, "what": "ceteris", "model": model, "threads": threads}
            rates = measured_together([asked] * processes, BUSY, as_worker=as_worker)
            for kept, rate in zip(speeds, rates, strict=True):
                kept[way].append(rate)
    shared = share_cores(cores, Resources())
    chosen = next(way for way, (threads, processes, _) in ways.items() if (threads, processes) == shared)
    beside = [{"busy": busy, "images_per_second": kept} for busy, kept in zip(BUSY, speeds, strict=True)]
    return {"model": model, "chosen": chosen, "beside": beside}


def _processor() -> str:
    return str(environment(Conditions())["processor"])
