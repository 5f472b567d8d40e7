"""The memory gate: what a folder of images takes to decode and to train on does not grow with the folder.

`make gate-memory`, or `python -m gates.memory`. A generated folder of images and one of four times as many, each
decoded and trained on for one epoch by a process of its own through the command line. What counts is the memory that
the system cannot take back (anonymous pages); pages of the mapped file come and go as there is room. Exit code 1 when
the larger folder takes noticeably more.
"""

from __future__ import annotations

import argparse
import io
import json
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
from ceteris.study.streams import stream

IMAGES, TIMES, SIDE, CLASSES = 3000, 4, 160, 3
SHARE = 0.1
"""Of the bytes that the larger folder has more: so much more memory is let pass (labels, names, draws, predictions)."""
MIB = 2**20
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
    options.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.inside:
        return inside(chosen.inside)
    peaks = [measure(images) for images in (chosen.images, TIMES * chosen.images)]
    print(table(peaks))
    good = passes(*peaks)
    print("pass" if good else "FAIL: memory grows with the folder")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
