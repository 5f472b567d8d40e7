"""The GPU part: `python -m bench.gpu` trains on the first CUDA device, as the usual script does and as `ceteris` does.

One process, one after the other, in turn within a repeat; writes docs/results/speed-gpu.json, from which
`python -m bench --page` makes its part of the page.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from bench import ours as engine
from bench.__main__ import DOCS, GPU_RESULTS
from bench.cases import BATCH, case, images, recipe
from bench.usual import loader, network, optimizer
from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train

DEVICE = "cuda"
MODELS = ("lenet", "plain-cnn", "resnet14", "resnet18")
LOADER_WORKERS = 8
SIDE, PRODUCTS = 8192, 50


def matmul_flops() -> float:
    """Operations per second of a bf16 matrix product of 8192 x 8192."""
    a, b = (torch.randn(SIDE, SIDE, device=DEVICE, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(PRODUCTS):
        a @ b
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(PRODUCTS):
        a @ b
    torch.cuda.synchronize()
    return 2 * SIDE**3 * PRODUCTS / (time.perf_counter() - begun)


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


def ours(model_name: str, precision: str, epochs: int, data: Dataset) -> float:
    """Images per second of `ceteris`' engine: whole epochs, the first left out."""
    trial = Trial("0" * 64, recipe(case(model_name), epochs=1 + epochs, precision=precision), 0)
    record = train(trial, data, Conditions(DEVICE, os.cpu_count() or 1))
    return median(row.images_per_second for row in record.epochs[1:])


def run(wanted: argparse.Namespace, data: Dataset) -> dict[str, Any]:
    """Measure all models in both precisions."""
    limits: dict[str, list[float]] = {"matmul": []}
    cells = [(model, precision) for model in wanted.models for precision in wanted.precisions]
    speeds: dict[tuple[str, str], dict[str, list[float]]] = {cell: {"ceteris": [], "usual": []} for cell in cells}
    for repeat in range(wanted.repeats):
        limits["matmul"].append(matmul_flops())
        for model, precision in cells:
            print(f"repeat {repeat + 1} of {wanted.repeats}: {model}, {precision}", file=sys.stderr, flush=True)
            speeds[model, precision]["ceteris"].append(ours(model, precision, wanted.epochs, data))
            speeds[model, precision]["usual"].append(usual(model, precision, wanted.usual_epochs, data))
    trials = [
        {
            "model": model,
            "precision": precision,
            "flops_per_image": engine.flops_per_image(case(model)),
            "images_per_second": speeds[model, precision],
        }
        for model, precision in cells
    ]
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "cores": os.cpu_count()}
    made = {"date": datetime.date.today().isoformat(), "batch": BATCH, "repeats": wanted.repeats}
    return {"machine": machine, "made": made, "limits": limits, "trials": trials}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was measured."""
    options = argparse.ArgumentParser(prog="python -m bench.gpu", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--models", nargs="*", default=MODELS)
    options.add_argument("--precisions", nargs="*", default=("bf16",), choices=("fp32", "bf16"))
    options.add_argument("--repeats", type=int, default=2)
    options.add_argument("--epochs", type=int, default=5, help="measured, of ceteris")
    options.add_argument("--usual-epochs", type=int, default=1, help="measured, of the usual script")
    options.add_argument("--to", type=Path, default=DOCS / "results" / GPU_RESULTS)
    wanted = options.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: no CUDA device here", file=sys.stderr)
        return 2
    wanted.to.write_text(json.dumps(run(wanted, images(None, None, False)), indent=1) + "\n", encoding="utf-8")
    print(f"written to {wanted.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
