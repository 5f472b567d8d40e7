"""The memory gate: what a folder of images takes to decode and to train on does not grow with the folder.

`make gate-memory`, or `python -m gates.memory`. A generated folder of images and one of four times as many, each
decoded and trained on for one epoch by a process of its own through the command line. What counts is the memory that
the system cannot take back (anonymous pages); pages of the mapped file come and go as there is room. Exit code 1 when
the larger folder takes noticeably more. With `--data-dir`, also a trial of lenet on the CIFAR-10 that lies there,
beside a process in which torch alone trains the same network on random numbers: at most MORE_THAN_TORCH more.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ceteris.app.cli import main as ceteris
from ceteris.lab.executors.worker import environment
from ceteris.store.records import Store
from ceteris.study.streams import stream

IMAGES, TIMES, SIDE, CLASSES = 3000, 4, 160, 3
SHARE = 0.1
"""Of the bytes that the larger folder has more: so much more memory is let pass (labels, names, draws, predictions)."""
MIB = 2**20
MORE_THAN_TORCH = 600 * MIB
STUDY = """\
name: memory
question: Does memory grow with the folder?
baseline:
  data: {{name: folder, path: {folder}, size: {side}}}
  model: {{name: plain-cnn, width: 2}}
  augment: [flip]
  optimizer: {{name: sgd, lr: 0.01}}
  epochs: 1
  batch_size: 64
factors: [{{path: optimizer.lr, levels: [0.02]}}]
seeds: 1
"""
CIFAR = """\
name: cifar-memory
question: How much memory does a trial take?
baseline:
  data: cifar10
  model: lenet
  augment: [{name: crop, padding: 4}, flip]
  optimizer: {name: adam, lr: 0.001}
  epochs: 1
factors: [{path: optimizer.lr, levels: [0.002]}]
seeds: 1
"""
TORCH_ALONE = """\
import pathlib
import torch
from ceteris.models.lenet import lenet
torch.set_num_threads(1)
network = lenet(10, 3, 32).to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(network.parameters(), fused=True)
for _ in range(100):
    images = torch.randn(128, 3, 32, 32).to(memory_format=torch.channels_last)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(images), torch.randint(10, (128,))).backward()
    optimizer.step()
print(next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
"""


@dataclass(frozen=True)
class Peak:
    """Most memory of one process, in bytes: anonymous, and resident with mapped files; what was decoded, and when."""

    images: int
    decoded: int
    anonymous: int
    resident: int
    seconds: float


def make_folder(folder: Path, images: int) -> None:
    """Small PNG files of noise in class folders: decoded to SIDE x SIDE they take a hundred times their size."""
    draws = stream(0, "gate/memory")
    for number in range(images):
        content = io.BytesIO()
        Image.fromarray(draws.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(content, "PNG")
        file = folder / f"class-{number % CLASSES}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.getvalue())


def measure(images: int, side: int = SIDE) -> Peak:
    """Decode and train in a fresh process. Raises CalledProcessError when that fails."""
    with tempfile.TemporaryDirectory(prefix="ceteris-memory-") as temporary:
        root = Path(temporary)
        make_folder(root / "images", images)
        (root / "study.yaml").write_text(STUDY.format(folder=root / "images", side=side), encoding="utf-8")
        command = [sys.executable, "-m", "gates.memory", "--inside", temporary]
        begun = time.monotonic()
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603  # ourselves
        found = json.loads(said.splitlines()[-1])
        decoded = images * side * side * 3
        return Peak(images, decoded, found["anonymous"], found["resident"], time.monotonic() - begun)


def inside(root: Path) -> int:
    """The command whose memory is watched, and what it was."""
    with watched() as most:
        code = ceteris(["run", str(root / "study.yaml"), "--store", str(root / "store"), "--executor", "inline"])
    print(json.dumps(most))
    return code


@contextmanager
def watched() -> Iterator[dict[str, int]]:
    """Most memory of this process inside the block, looked at a hundred times a second (Linux only)."""
    most, over = {"anonymous": 0, "resident": 0}, threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            for name, field in (("anonymous", "RssAnon"), ("resident", "VmRSS")):
                most[name] = max(most[name], int(said[field].split()[0]) * 1024)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def beside_torch(data_dir: Path, options: Sequence[str]) -> tuple[int, int]:
    """Highest resident memory in bytes: of a worker that trained on CIFAR-10, and of torch alone (Linux only)."""
    with tempfile.TemporaryDirectory(prefix="ceteris-memory-") as temporary:
        study, store = Path(temporary, "study.yaml"), Path(temporary, "store")
        study.write_text(CIFAR, encoding="utf-8")
        given = ["--store", str(store), "--data-dir", str(data_dir), "--workers", "1", *options]
        if ceteris(["run", str(study), *given]):
            raise RuntimeError("the study on CIFAR-10 did not run")
        costs = [Store(store).get(key).cost for key in Store(store).keys()]  # noqa: SIM118  # it is no mapping
        ours = max(cost.peak_memory_bytes for cost in costs if cost)
    alone = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", TORCH_ALONE],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment(1),
    )
    return ours, int(alone.stdout) * 1024


def passes(small: Peak, large: Peak) -> bool:
    """Whether the larger folder takes no more memory, but for SHARE of what it has more."""
    return large.anonymous - small.anonymous <= SHARE * (large.decoded - small.decoded)


def table(peaks: Sequence[Peak]) -> str:
    """As Markdown."""
    lines = ["| images | decoded, MiB | anonymous memory, MiB | resident with mapped file, MiB |"]
    lines.append("| ---: | ---: | ---: | ---: |")
    for one in peaks:
        sizes = [f"{size / MIB:,.0f}" for size in (one.decoded, one.anonymous, one.resident)]
        lines.append(f"| {one.images:,} | {' | '.join(sizes)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when it passes."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument(
        "--images", type=int, default=IMAGES, help=f"of the smaller folder; the other has {TIMES} times"
    )
    options.add_argument("--data-dir", type=Path, help="where CIFAR-10 lies")
    options.add_argument("--allow-modified-data", action="store_true", help="as in `ceteris run`")
    options.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.inside:
        return inside(chosen.inside)
    peaks = [measure(images) for images in (chosen.images, TIMES * chosen.images)]
    print(table(peaks))
    good = passes(*peaks)
    print("pass" if good else "FAIL: memory grows with the folder")
    if chosen.data_dir:
        ours, alone = beside_torch(chosen.data_dir, ["--allow-modified-data"] if chosen.allow_modified_data else [])
        print(f"lenet on CIFAR-10: {ours / MIB:.0f} MiB, torch alone: {alone / MIB:.0f} MiB")
        within = ours - alone <= MORE_THAN_TORCH
        print("pass" if within else f"FAIL: more than {MORE_THAN_TORCH / MIB:.0f} MiB above torch alone")
        good = good and within
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
