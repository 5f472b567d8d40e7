"""The gate of accuracy: the fast way of training must score as the plain way does.

`python -m gates.plain --data-dir folder [--allow-modified-data] [--device cuda] [--compile]`, with CIFAR-10 in the
folder. The same networks on the same images for as many epochs, once by `ceteris` and once by the usual script
(`bench/usual.py`: image by image, torch's own generators, layout, initialisation and optimizer), under seeds that have
nothing in common. Their test accuracies are two samples; Mann and Whitney's test must not tell them apart. Needs
`pip install '.[bench]'`. Exit code 1 when it does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import mannwhitneyu, t
from torch import nn

from bench.cases import MEAN, STD, Case, case, recipe
from bench.usual import loader, network, optimizer
from ceteris.data.source import DataPlace, Dataset, Images
from ceteris.data.splits import split_images
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.errors import InputError
from ceteris.registry import part
from ceteris.study.streams import stream

MODELS = ("lenet", "plain-cnn", "resnet14")
LEAST_P = 0.01
TEST_BATCH = 500


def fast(one: Case, data: Dataset, asked: argparse.Namespace, seed: int) -> float:
    """Test top-1 of a trial of the engine."""
    trial = Trial("0" * 64, recipe(one, epochs=asked.epochs), seed)
    threads = torch.get_num_threads()
    conditions = Conditions(asked.device, threads, sealed_test_curve=False, compiled=asked.compiled)
    return float(train(trial, data, conditions).metrics["top1"])


def plain(one: Case, data: Dataset, asked: argparse.Namespace, seed: int) -> float:
    """Test top-1 of the usual script on the same training images."""
    split = recipe(one)["split"]
    index, _ = split_images(data.train.labels, split["validation"], split["seed"], split["train_images"])
    torch.manual_seed(seed)
    net = network(one).to(asked.device)
    criterion, optim = nn.CrossEntropyLoss(), optimizer(one, net)
    batches = loader(Images(data.train.pixels[index], data.train.labels[index]), workers=asked.loader_workers)
    for _ in range(asked.epochs):
        net.train()
        for inputs, labels in batches:
            optim.zero_grad()
            with torch.autocast(asked.device, torch.bfloat16, enabled=one.precision == "bf16"):
                loss = criterion(net(inputs.to(asked.device)), labels.to(asked.device))
            loss.backward()
            optim.step()
    return _accuracy(net, data.test, asked.device)


@torch.inference_mode()
def _accuracy(net: nn.Module, images: Images, device: str) -> float:
    net.eval()
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    right = 0
    for start in range(0, len(images.labels), TEST_BATCH):
        rows = slice(start, start + TEST_BATCH)
        inputs = (torch.from_numpy(images.pixels[rows].copy()).permute(0, 3, 1, 2) / 255 - mean) / std
        predicted = net(inputs.to(device)).argmax(1).cpu().numpy()
        right += int((predicted == images.labels[rows]).sum())
    return right / len(images.labels)


def said(model: str, ours: Sequence[float], theirs: Sequence[float]) -> tuple[bool, str]:
    """Whether the samples cannot be told apart, and both in words."""
    difference, n = float(np.mean(ours) - np.mean(theirs)), len(ours)
    spread = np.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / n)
    half = float(t.ppf(0.975, 2 * n - 2) * spread)
    p = float(mannwhitneyu(ours, theirs).pvalue)
    shown = [f"{100 * np.mean(each):.2f} % (sd {100 * np.std(each, ddof=1):.2f})" for each in (ours, theirs)]
    interval = f"{100 * difference:+.2f} pp [{100 * (difference - half):+.2f}, {100 * (difference + half):+.2f}]"
    return (
        p >= LEAST_P,
        f"{model}: ceteris {shown[0]}, usual script {shown[1]}, difference {interval}, p {p:.3f}, n {n}",
    )


def _some(data: Dataset, train_images: int) -> Dataset:
    kept = np.sort(np.random.default_rng(0).permutation(len(data.train.labels))[:train_images])
    return Dataset(data.facts, Images(data.train.pixels[kept], data.train.labels[kept]), data.test)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when no network's samples can be told apart."""
    options = argparse.ArgumentParser(prog="python -m gates.plain", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--data-dir", type=Path, required=True)
    options.add_argument("--allow-modified-data", action="store_true")
    options.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options.add_argument("--compile", dest="compiled", action="store_true", help="of ceteris")
    options.add_argument("--precision", default="fp32", choices=("fp32", "tf32", "bf16"), help="of ceteris")
    options.add_argument("--usual-precision", default="fp32", choices=("fp32", "bf16"))
    options.add_argument("--models", nargs="*", default=MODELS)
    options.add_argument("--seeds", type=int, default=12)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--train-images", type=int, default=50_000)
    options.add_argument("--loader-workers", type=int, default=2)
    asked = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = DataPlace(asked.data_dir, Path(folder), asked.allow_modified_data)
        try:
            data = _some(part("data", "cifar10").build({}, place=place).load(), asked.train_images)
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        print(f"{asked.device}, {asked.train_images:,} images, {asked.epochs} epochs, torch {torch.__version__}")
        compiled = ", compiled" if asked.compiled else ""
        print(f"ceteris in {asked.precision}{compiled}, the usual script in {asked.usual_precision}")
        passed = True
        for model in asked.models:
            ours, theirs = [], []
            drawn = stream(0, "gate/plain/seeds").choice(10**6, size=(asked.seeds, 2), replace=False).tolist()
            for own, other in drawn:
                ours.append(fast(case(model, asked.precision), data, asked, own))
                theirs.append(plain(case(model, asked.usual_precision), data, asked, other))
            same, words = said(model, ours, theirs)
            passed &= same
            print(f"{'holds' if same else 'FAILS'}: {words}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
