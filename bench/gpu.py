"""The GPU part: `python -m bench.gpu` trains on the first CUDA device, as the usual script does and as `ceteris` does.

One process, one after the other, in turn within a repeat; then many trials at a time. As it is, all of it should end
in ten minutes on a large card. Writes docs/results/speed-gpu.json, from which `python -m bench --page` makes its part
of the page.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from bench import ours as engine
from bench.__main__ import DOCS, GPU_RESULTS
from bench.cases import BATCH, case, images, recipe
from bench.gpu_limits import DEVICE, convolutions_alone, matmul_flops
from bench.gpu_many import Crew, Order
from bench.gpu_ways import kernels, other_ways
from bench.usual import loader, network, optimizer
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train

LOADER_WORKERS = 16
CELLS = tuple(
    (model, batch, compiled)
    for model, batch in (
        ("lenet", BATCH),
        ("plain-cnn", BATCH),
        ("resnet14", BATCH),
        ("resnet18", BATCH),
        ("resnet18", 1024),
    )
    for compiled in (False, True)
)
"""Network, batch, whether `ceteris` compiles it. The usual script runs at the usual batch."""
MANY = (("lenet", 16), ("plain-cnn", 10), ("resnet14", 4))
"""Network, and epochs of each trial."""
MANY_AT_A_TIME = (1, 12)
CONVOLUTIONS = (("resnet14", BATCH), ("resnet18", BATCH), ("resnet18", 1024))
"""Those whose convolutions are timed alone."""


def usual(model_name: str, precision: str, epochs: int, data: Dataset) -> float:
    """Images per second of the usual script: whole epochs, the first left out."""
    one = case(model_name)
    trainloader, net = loader(data.train, workers=min(LOADER_WORKERS, os.cpu_count() or 1), pinned=True), network(one)
    net = net.to(DEVICE)
    criterion, optim = nn.CrossEntropyLoss(), optimizer(one, net)
    seconds, running_loss = [], 0.0
    for _ in range(1 + epochs):
        begun = time.perf_counter()
        for batch in trainloader:
            inputs, labels = (tensor.to(DEVICE, non_blocking=True) for tensor in batch)
            optim.zero_grad()
            with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16"):
                loss = criterion(net(inputs), labels)
            loss.backward()
            optim.step()
            running_loss += loss.item()
        seconds.append(time.perf_counter() - begun)
    return len(data.train.labels) / median(seconds[1:])


def ours(cell: tuple[str, int, bool], precision: str, epochs: int, data: Dataset) -> tuple[float, float]:
    """Images per second of `ceteris`' engine: whole epochs, the first left out. And the seconds of the first."""
    model_name, batch, compiled = cell
    resolved = recipe(case(model_name, precision), epochs=1 + epochs) | {"batch_size": batch}
    conditions = Conditions(DEVICE, os.cpu_count() or 1, compiled=compiled)
    record = train(Trial("0" * 64, resolved, 0), data, conditions)
    return median(row.images_per_second for row in record.epochs[1:]), record.epochs[0].seconds


def one_trial(wanted: argparse.Namespace, data: Dataset) -> Iterator[list[dict[str, Any]]]:
    """Every cell, both rivals in turn within a repeat; after every repeat."""
    measured: list[dict[str, Any]] = [
        {
            "model": model,
            "batch": batch,
            "compiled": compiled,
            "precision": wanted.precision,
            "flops_per_image": engine.flops_per_image(case(model)),
            "images_per_second": {"ceteris": [], "usual": []},
            "first_epoch_seconds": [],
        }
        for model, batch, compiled in CELLS
    ]
    for repeat in range(wanted.repeats):
        for cell, entry in zip(CELLS, measured, strict=True):
            rate, first = ours(cell, wanted.precision, wanted.epochs, data)
            entry["images_per_second"]["ceteris"].append(rate)
            entry["first_epoch_seconds"].append(first)
            _say(f"repeat {repeat + 1} of {wanted.repeats}: {cell}: {rate:,.0f} images/s, first epoch {first:.1f} s")
            if cell[1:] == (BATCH, False):
                rate = usual(cell[0], wanted.precision, wanted.usual_epochs, data)
                entry["images_per_second"]["usual"].append(rate)
                _say(f"the usual script: {rate:,.0f} images/s")
        yield measured


def limits() -> dict[str, Any]:
    """What the card does at best: a bare matrix product, and the convolutions of the larger networks alone."""
    alone = [
        {"model": model, "batch": batch, "images_per_second": convolutions_alone(case(model), batch)}
        for model, batch in CONVOLUTIONS
    ]
    return {"matmul": [matmul_flops()], "convolutions": alone}


def many_trials(wanted: argparse.Namespace, data: Dataset) -> Iterator[list[dict[str, Any]]]:
    """Images per second of so many trials together, as the executor runs them and in other ways; as it grows."""
    crew, measured = Crew(max(MANY_AT_A_TIME)), []
    try:
        for (model, epochs), compiled in itertools.product(MANY, (False, True)):
            speeds: dict[int, list[float]] = {trials: [] for trials in MANY_AT_A_TIME}
            for _, trials in itertools.product(range(wanted.many_repeats), MANY_AT_A_TIME):
                rate = crew.images_per_second(trials, Order(model, wanted.precision, epochs, compiled))
                speeds[trials].append(rate)
                _say(f"many: {model}{', compiled' if compiled else ''}, {trials} at a time: {rate:,.0f} images/s")
            entry = {"model": model, "compiled": compiled, "precision": wanted.precision, "images_per_second": speeds}
            measured.append(entry)
            yield measured
    finally:
        crew.end()
    for one in measured:
        one["kernels"] = kernels(one["model"], wanted.precision, data, one["compiled"])
        if not one["compiled"]:
            one["other_ways"] = other_ways(one["model"], wanted.precision, data)
        _say(f"many: {one['model']}: {one['kernels']}, {one.get('other_ways')}")
        yield measured


def part_one(wanted: argparse.Namespace, data: Dataset) -> Iterator[dict[str, Any]]:
    """One trial, beside the usual script and the card's limits."""
    made, at_best = {"loader_workers": LOADER_WORKERS}, limits()
    for repeats, trials in enumerate(one_trial(wanted, data), 1):
        at_best["matmul"].append(matmul_flops())  # a card slows down as it grows warm
        yield made | {"repeats": repeats, "limits": at_best, "trials": trials}


def part_many(wanted: argparse.Namespace, data: Dataset) -> Iterator[dict[str, Any]]:
    """Many trials at a time."""
    for measured in many_trials(wanted, data):
        yield {"trials": measured}


PARTS = {"one_trial": part_one, "many": part_many}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was measured. What is in the file already and is not measured now stays there."""
    options = argparse.ArgumentParser(prog="python -m bench.gpu", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", choices=PARTS, help="measure this part, and leave the others as they are")
    options.add_argument("--precision", default="bf16", choices=("fp32", "tf32", "bf16"))
    options.add_argument("--repeats", type=int, default=2)
    options.add_argument("--many-repeats", type=int, default=1)
    options.add_argument("--epochs", type=int, default=3, help="measured, of ceteris")
    options.add_argument("--usual-epochs", type=int, default=1, help="measured, of the usual script")
    options.add_argument("--to", type=Path, default=DOCS / "results" / GPU_RESULTS)
    wanted = options.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: no CUDA device here", file=sys.stderr)
        return 2
    data = images(None, None, False)
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "cores": os.cpu_count()}
    measured = json.loads(wanted.to.read_text(encoding="utf-8")) if wanted.to.exists() else {}
    for name in [wanted.only] if wanted.only else PARTS:
        made = {"machine": machine, "date": datetime.date.today().isoformat()}
        for part in PARTS[name](wanted, data):
            measured[name] = made | part
            wanted.to.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"written to {wanted.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
