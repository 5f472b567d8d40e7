"""The GPU part: `python -m bench.gpu` trains on the first CUDA device, as the usual script does and as `ceteris` does.

One process, one after the other, in turn within a repeat; then many trials at a time. Writes
docs/results/speed-gpu.json, from which `python -m bench --page` makes its part of the page.
"""

from __future__ import annotations

import argparse
import datetime
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
from bench.gpu_many import Crew
from bench.usual import loader, network, optimizer
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train

LOADER_WORKERS = 16
CELLS = (
    ("lenet", BATCH, False),
    ("plain-cnn", BATCH, False),
    ("resnet14", BATCH, False),
    ("resnet14", BATCH, True),
    ("resnet18", BATCH, False),
    ("resnet18", 1024, False),
    ("resnet18", 1024, True),
)
"""Network, batch, whether `ceteris` compiles it. The usual script runs at the usual batch."""
MANY = (("lenet", 16), ("plain-cnn", 10), ("resnet14", 3))
"""Network, and epochs of each trial."""
MANY_AT_A_TIME = (1, 12)


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


def ours(cell: tuple[str, int, bool], precision: str, epochs: int, data: Dataset) -> float:
    """Images per second of `ceteris`' engine: whole epochs, the first left out."""
    model_name, batch, compiled = cell
    resolved = recipe(case(model_name, precision), epochs=1 + epochs) | {"batch_size": batch}
    conditions = Conditions(DEVICE, os.cpu_count() or 1, compiled=compiled)
    record = train(Trial("0" * 64, resolved, 0), data, conditions)
    return median(row.images_per_second for row in record.epochs[1:])


def one_trial(wanted: argparse.Namespace, data: Dataset) -> list[dict[str, Any]]:
    """Every cell, both rivals in turn within a repeat."""
    speeds: dict[tuple[str, int, bool], dict[str, list[float]]] = {cell: {"ceteris": [], "usual": []} for cell in CELLS}
    for repeat in range(wanted.repeats):
        for cell in CELLS:
            print(f"repeat {repeat + 1} of {wanted.repeats}: {cell}", file=sys.stderr, flush=True)
            speeds[cell]["ceteris"].append(ours(cell, wanted.precision, wanted.epochs, data))
            if cell[1:] == (BATCH, False):
                speeds[cell]["usual"].append(usual(cell[0], wanted.precision, wanted.usual_epochs, data))
    return [
        {
            "model": model,
            "batch": batch,
            "compiled": compiled,
            "precision": wanted.precision,
            "flops_per_image": engine.flops_per_image(case(model)),
            "images_per_second": speeds[model, batch, compiled],
        }
        for model, batch, compiled in CELLS
    ]


def many_trials(repeats: int) -> list[dict[str, Any]]:
    """Images per second of so many trials together, as the executor runs them."""
    crew = Crew(max(MANY_AT_A_TIME))
    measured = []
    for model, epochs in MANY:
        speeds: dict[int, list[float]] = {trials: [] for trials in MANY_AT_A_TIME}
        for _ in range(repeats):
            for trials in MANY_AT_A_TIME:
                print(f"many: {model}, {trials} at a time", file=sys.stderr, flush=True)
                speeds[trials].append(crew.images_per_second(trials, model, "tf32", epochs))
        measured.append({"model": model, "precision": "tf32", "images_per_second": speeds})
    crew.end()
    return measured


def run(wanted: argparse.Namespace, data: Dataset) -> Iterator[dict[str, Any]]:
    """Measure all; the limits first and last. What one trial came to is given before many are begun."""
    matmul = [matmul_flops()]
    alone = [
        {"batch": batch, "images_per_second": convolutions_alone(case("resnet18"), batch)} for batch in (128, 1024)
    ]
    trials = one_trial(wanted, data)
    matmul.append(matmul_flops())
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "cores": os.cpu_count()}
    made = {"date": datetime.date.today().isoformat(), "repeats": wanted.repeats, "loader_workers": LOADER_WORKERS}
    limits = {"matmul": matmul, "resnet18_convolutions": alone}
    measured = {"machine": machine, "made": made, "limits": limits, "trials": trials}
    yield measured | {"many": []}
    yield measured | {"many": many_trials(wanted.many_repeats)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was measured."""
    options = argparse.ArgumentParser(prog="python -m bench.gpu", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--precision", default="bf16", choices=("fp32", "tf32", "bf16"))
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--many-repeats", type=int, default=2)
    options.add_argument("--epochs", type=int, default=5, help="measured, of ceteris")
    options.add_argument("--usual-epochs", type=int, default=1, help="measured, of the usual script")
    options.add_argument("--to", type=Path, default=DOCS / "results" / GPU_RESULTS)
    wanted = options.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: no CUDA device here", file=sys.stderr)
        return 2
    for measured in run(wanted, images(None, None, False)):
        wanted.to.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
        print(f"written to {wanted.to}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
