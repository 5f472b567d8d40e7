"""The recipe for 94 % in seconds beside its author's own package: `python -m bench.airbench --data-dir folder`.

On the first CUDA device, with CIFAR-10 in the folder and `pip install airbench` (0.1.8, Jordan 2024). Both train on all
images in turn, after one run each that is not counted, as libraries choose their algorithms in it. The package's
seconds are those that it reports: training, and testing once with all views. Those of `ceteris` are training, and all
of its evaluation.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, median, stdev

import torch

from ceteris.app.finding import find_study
from ceteris.data.source import DataPlace, Dataset, Images
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.lab.resolve import resolve
from ceteris.registry import part
from ceteris.study.vocabulary import Split

DEVICE = "cuda"
ALL_IMAGES = Split(validation=0.005)
"""As near as can be: a recipe keeps some images for validation."""


def ours(data: Dataset, seed: int, compiled: bool) -> tuple[float, float]:
    """Seconds and test top-1 of the study's baseline, trained on all images."""
    baseline = find_study("speed-recipe")[0].baseline
    recipe = resolve(baseline.model_copy(update={"split": ALL_IMAGES}))
    conditions = Conditions(DEVICE, os.cpu_count() or 1, sealed_test_curve=False, compiled=compiled)
    record = train(Trial("0" * 64, recipe, seed), data, conditions)
    return record.cost.train_seconds + record.cost.evaluate_seconds, record.metrics["top1"]


def theirs(run: int | str) -> tuple[float, float]:
    """Seconds and test top-1 that the package prints on its last line."""
    from airbench import train94

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        train94(run=run)
    rows = [re.findall(r"[\d.]+", line) for line in said.getvalue().splitlines() if "eval" in line]
    return (float(rows[-1][-1]), float(rows[-1][-2])) if run != "warmup" else (0.0, 0.0)


@contextlib.contextmanager
def _where_they_look(data: Dataset) -> Iterator[None]:
    """A folder with the package's two files; it reads them from `cifar10` in the working folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cifar10").mkdir()
        for name, images in (("train", data.train), ("test", data.test)):
            torch.save(_as_theirs(images, data.facts.classes), Path(folder) / "cifar10" / f"{name}.pt")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def _as_theirs(images: Images, classes: Sequence[str]) -> dict[str, object]:
    pixels, labels = torch.tensor(images.pixels), torch.tensor(images.labels, dtype=torch.int64)
    return {"images": pixels, "labels": labels, "classes": list(classes)}


def said(name: str, runs: Sequence[tuple[float, float]]) -> str:
    """One rival in words."""
    seconds, accuracy = ([run[place] for run in runs] for place in (0, 1))
    shown = f"{median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"
    return f"{name}: {shown}, top-1 {100 * mean(accuracy):.2f} % (sd {100 * stdev(accuracy):.2f}), n {len(runs)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was measured."""
    options = argparse.ArgumentParser(prog="python -m bench.airbench", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--data-dir", type=Path, required=True)
    options.add_argument("--allow-modified-data", action="store_true")
    options.add_argument("--repeats", type=int, default=10)
    options.add_argument("--compile", dest="compiled", action="store_true", help="ceteris with torch.compile, too")
    options.add_argument("--to", type=Path, help="write the numbers here as JSON")
    asked = options.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: no CUDA device here", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as cache:
        place = DataPlace(asked.data_dir, Path(cache), asked.allow_modified_data)
        data: Dataset = part("data", "cifar10").build({}, place=place).load()
        with _where_they_look(data):
            rivals = {"airbench": theirs, "ceteris": lambda seed: ours(data, seed, False)}
            if asked.compiled:
                rivals["ceteris, compiled"] = lambda seed: ours(data, seed, True)
            theirs("warmup")
            runs: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals}
            for seed in range(1 + asked.repeats):
                for name, rival in rivals.items():
                    runs[name].append(rival(seed))
    counted = {name: each[1:] for name, each in runs.items()}
    for name, each in counted.items():
        print(said(name, each), f"(first, not counted: {runs[name][0][0]:.2f} s)")
    if asked.to:
        machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
        asked.to.write_text(json.dumps({"machine": machine, "runs": counted}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
