"""`python -m bench.instructions`: instructions of a training step, beside the usual script's. Needs `valgrind`.

Other processes do not disturb a count, as they do every second that is measured. What it cannot see: how long an
instruction takes, more than one thread, and AVX-512, which valgrind hides; see docs/results/one-trial.md.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from bench.cases import BATCH, CPU_CASES, case, images
from bench.children import Failed
from bench.meter import Over
from bench.tables import markdown, table_line
from ceteris.lab.executors.worker import OBJECTS
from ceteris.lab.sharing import usable_cores
from ceteris.study.record import Epoch

RIVALS = {"ceteris": "ceteris", "usual": "usual script"}
SHORT, LONG = 4, 8
"""Steps of two trainings, whose difference is free of imports, of the first steps and of the end."""
COUNTER = ["valgrind", "--tool=callgrind", "--dump-line=no", "--compress-strings=no", "--compress-pos=no"]
PLACES = ("kernels", "torch", "Python", "others")


class Steps:
    """Ends a training after so many steps, by raising Over."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self, epoch: int = 0, step: int = 0, steps: int = 0) -> None:
        """A step is over. Raises Over."""
        self.left -= 1
        if not self.left:
            raise Over

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Epochs do not matter here."""


def train(rival: str, model: str, steps: int) -> None:
    """So many steps on made images, in this process alone and with one thread."""
    torch.set_num_threads(1)
    one, data = case(model), images(None, None, False)
    if rival == "ceteris":
        from bench import ours

        gc.set_threshold(OBJECTS)  # as workers do
        ours.until_over(one, data, 1, Steps(steps))
    else:
        from bench import usual

        usual.until_over(one, data.train, Steps(steps).step, workers=0)


def per_image(model: str, rival: str) -> Counter[str]:
    """Instructions by place for each image, in training that is under way. Raises Failed."""
    short, long = (_counted(rival, model, steps) for steps in (SHORT, LONG))
    return Counter({place: (long[place] - short[place]) // ((LONG - SHORT) * BATCH) for place in PLACES})


def _counted(rival: str, model: str, steps: int) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "instructions")
        command = [*COUNTER, f"--callgrind-out-file={written}", sys.executable, "-m", "bench.instructions"]
        # Random hashes would make one start of Python a million instructions longer than another.
        variables = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        done = subprocess.run(  # noqa: S603
            [*command, rival, model, str(steps)], check=False, capture_output=True, text=True, env=variables
        )
        if done.returncode:
            raise Failed(done.stderr[-2000:])
        with written.open() as lines:
            return by_place(lines)


def by_place(lines: Iterable[str]) -> Counter[str]:
    """Instructions by where their code lies, of a file as callgrind writes it.

    A line of two numbers after `calls=` counts again what the called function has counted for itself.
    """
    found: Counter[str] = Counter()
    place, called = "others", False
    for line in lines:
        if line.startswith("ob="):
            place = _place(line.removeprefix("ob=").strip())
        elif line[:1].isdigit() and not called:
            found[place] += int(line.split()[1])
        called = line.startswith("calls=")
    return found


def _place(library: str) -> str:
    name = library.rpartition("/")[2]
    if name == "???":
        return "kernels"  # in no file: oneDNN writes them as it runs
    if name.startswith(("libtorch", "libc10", "libgomp")):
        return "torch"
    return "Python" if name.startswith(("python", "libpython")) else "others"


def row(model: str, rival: str, found: Counter[str], own: int) -> list[str]:
    """Million instructions an image, where they are, and times `ceteris`' own number of them."""
    millions = [f"{found[place] / 1e6:.2f}" for place in PLACES]
    return [model, RIVALS[rival], f"{found.total() / 1e6:.2f}", *millions, f"{found.total() / own:.2f}"]


def main() -> None:
    """Count for every network of the benchmark; print a table, row by row as they come: minutes for lenet."""
    if not shutil.which("valgrind"):
        sys.exit("`valgrind`, which counts the instructions, is not on the PATH: `apt install valgrind`")
    wanted = [(one.model, rival) for one in CPU_CASES for rival in RIVALS]
    print(markdown(["network", "training", "million instructions an image", *PLACES, "ceteris = 1"], []))
    own = 0
    with ThreadPoolExecutor(usable_cores()) as pool:
        for (model, rival), found in zip(wanted, pool.map(per_image, *zip(*wanted, strict=True)), strict=True):
            own = found.total() if rival == "ceteris" else own
            print(table_line(row(model, rival, found, own)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        train(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
