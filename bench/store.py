"""What commands cost in a store of many records: `python -m bench.store --to FOLDER [--studies 1000 20]`.

Fills stores with small but valid records of studies that are really planned, then calls the commands in fresh
interpreters, command by command at every size. Writes a JSON file and prints a table; nothing is trained.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ceteris.data.source import DataPlace
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import study_folder, write_manifest
from ceteris.lab.sharing import usable_cores
from ceteris.store.files import pack
from ceteris.store.records import Store
from ceteris.study.manifest import Plan, PlannedArm
from ceteris.study.reading import write_study
from ceteris.study.record import Cost, Epoch, Record, Status
from ceteris.study.streams import stream
from ceteris.study.vocabulary import Factor, Recipe, Split, Study

ARMS, SEEDS, EPOCHS, TEST_IMAGES = 5, 20, 10, 100
PER_STUDY = ARMS * SEEDS
STUDIES = (1000, 10)
PLACE = DataPlace(Path("no-data-is-read"), Path("nor-cached"))
"""CIFAR-10 is planned from its constant fingerprint."""


@dataclass(frozen=True)
class Timing:
    """One command in a store of so many records: wall and processor seconds of every call."""

    command: str
    records: int
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]


def study_of(number: int) -> Study:
    """One of many studies, none of which shares a trial with another: their weight decay differs."""
    rates = [0.0003, 0.001, 0.003, 0.01][: ARMS - 1]
    return Study(
        name=f"made-up-{number:05d}",
        question="Which learning rate?",
        baseline=Recipe(
            data="cifar10",
            model="lenet",
            optimizer={"name": "adam", "lr": 0.0001, "weight_decay": number * 1e-7},
            schedule="cosine",
            epochs=EPOCHS,
            split=Split(train_images=1000, test_images=TEST_IMAGES),
        ),
        factors=[Factor("optimizer.lr", rates)],
        seeds=SEEDS,
    )


def fill(root: Path, numbers: Sequence[int]) -> int:
    """Plan these studies and leave a record of each of their trials; how many records."""
    store = Store(root)
    store.prepare()
    for number in numbers:
        request = Request(study_of(number))
        plan = make_plan(request, PLACE, KnownFacts(root / "facts"))
        folder = study_folder(store, request)
        write_manifest(plan, folder)
        (folder / "study.yaml").write_text(write_study(request.study), encoding="utf-8")
        for record in records_of(plan):
            _write(store, record)
    return len(numbers) * PER_STUDY


def records_of(plan: Plan) -> Iterator[Record]:
    """A finished record of every trial: curves that rise, predictions of a hundred images."""
    arms = {arm.name: (arm, 0.6 + 0.05 * place) for place, arm in enumerate(plan.arms)}
    for trial in plan.trials:
        arm, accuracy = arms[trial.arm]
        yield _record(trial.key, arm, trial.seed, accuracy)


def _record(key: str, arm: PlannedArm, seed: int, accuracy: float) -> Record:
    draws = stream(seed, f"bench/{key}")
    labels = (np.arange(TEST_IMAGES) % 10).astype(np.int16)
    right = draws.random(TEST_IMAGES) < accuracy
    predicted = np.where(right, labels, (labels + 1) % 10).astype(np.int16)
    logits = np.zeros((TEST_IMAGES, 10), np.float16)
    logits[np.arange(TEST_IMAGES), predicted] = 3
    top1 = float(right.mean())
    rows = tuple(
        Epoch(n, 2 / n, top1 * (1 - 1 / (n + 1)), 2.1 / n, top1 * (1 - 1 / (n + 1)), 0.001, 1.5, 600.0)
        for n in range(1, EPOCHS + 1)
    )
    return Record(
        key=key,
        status=Status.FINISHED,
        recipe=arm.recipe,
        seed=seed,
        data=arm.data,
        model=arm.model,
        environment={"ceteris": "0", "torch": "0", "device": "cpu", "threads": 1, "machine": "none: made up"},
        normalize={"mean": [0.5] * 3, "std": [0.25] * 3},
        epochs=rows,
        chosen_epoch=EPOCHS,
        metrics={"top1": top1, "top5": 1.0, "nll": 1.0, "validation_top1": top1},
        cost=Cost(15.0, 0.5, 600.0, 2**29, True),
        steps={"loss": np.linspace(2, 0.2, 80, dtype=np.float32)},
        predictions={
            "logits": logits, "predicted": predicted, "labels": labels, "image": np.arange(TEST_IMAGES, dtype=np.int64),
        },
    )  # fmt: skip


def _write(store: Store, record: Record) -> None:
    """As `Store.put`, without waiting for the disk file by file."""
    folder = store.folder(record.key)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pack(record).items():
        (folder / name).write_bytes(content)


def fill_by_all(root: Path, studies: int) -> None:
    """A store of so many studies, by a process per core."""
    fill(root, [0])  # counts the network's facts once
    parts = [list(range(1, studies))[start :: usable_cores()] for start in range(usable_cores())]
    with ProcessPoolExecutor(usable_cores()) as pool:
        list(pool.map(fill, itertools.repeat(root), parts))
    os.sync()


def calls(root: Path) -> dict[str, list[str]]:
    """What is measured: command as a user writes it -> its arguments."""
    study = str(root / "studies" / f"{study_of(0).name}-full" / "study.yaml")
    key = make_plan(Request(study_of(0)), PLACE, KnownFacts(root / "facts")).trials[0].key
    return {
        "--help": ["--help"],
        "plan STUDY": ["plan", study],
        "status": ["status"],
        "status --json": ["status", "--json"],
        "status STUDY": ["status", study],
        "show KEY (8 digits)": ["show", key[:8]],
        "show KEY (64 digits)": ["show", key],
        "report STUDY": ["report", study],
        "fsck": ["fsck"],
    }


def measure(name: str, arguments: Sequence[str], root: Path, records: int, repeats: int) -> Timing:
    """Call a command in fresh interpreters. Raises CalledProcessError when it fails."""
    store = [] if arguments == ["--help"] else ["--store", str(root)]
    command = [sys.executable, "-m", "ceteris", *arguments, *store]
    ran = [_ran(command) for _ in range(repeats)]
    return Timing(name, records, tuple(wall for wall, _ in ran), tuple(cpu for _, cpu in ran))


def _ran(command: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # our own command line
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall, usage.ru_utime + usage.ru_stime


def table(timings: Sequence[Timing]) -> str:
    """Commands by store size, as Markdown: the median of wall and of processor seconds, and the range of the first."""
    sizes = sorted({timing.records for timing in timings})
    heads = [head for size in sizes for head in (f"{size:,} records: wall, s (range)", "processor, s")]
    lines = [f"| command | n | {' | '.join(heads)} |", "| --- | ---: |" + " ---: |" * len(heads)]
    for name in dict.fromkeys(timing.command for timing in timings):
        own = sorted((t for t in timings if t.command == name), key=lambda t: t.records)
        cells = [
            f"{statistics.median(t.seconds):.2f} ({min(t.seconds):.2f} to {max(t.seconds):.2f}) | "
            f"{statistics.median(t.cpu_seconds):.2f}"
            for t in own
        ]
        lines.append(f"| `ceteris {name}` | {len(own[0].seconds)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill, measure, print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--to", type=Path, default=None, help="keep the stores here; a temporary folder by default")
    options.add_argument("--studies", type=int, nargs="+", default=STUDIES, help=f"of {PER_STUDY} trials, per store")
    options.add_argument("--repeats", type=int, default=5, help="calls of each command; fsck is called once")
    options.add_argument("--only", nargs="+", help="commands by their first word")
    options.add_argument("--json", type=Path, default=None, help="write every timing to this file")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ceteris-bench-") as temporary:
        base = chosen.to or Path(temporary)
        roots = {studies: base / f"store-{studies}" for studies in chosen.studies}
        for studies, root in roots.items():
            if not root.exists():
                begun = time.monotonic()
                fill_by_all(root, studies)
                made = f"{studies * PER_STUDY:,} records made in {time.monotonic() - begun:.0f} s"
                seconds = measure("status", ["status"], root, 0, 1).seconds[0]
                print(f"{made}; the first status reads all of them: {seconds:.0f} s", flush=True)
        timings = []
        for name in calls(next(iter(roots.values()))):
            if chosen.only and name.split()[0] not in chosen.only:
                continue
            for studies, root in roots.items():
                repeats = 1 if name == "fsck" else chosen.repeats
                timings.append(measure(name, calls(root)[name], root, studies * PER_STUDY, repeats))
                print(table(timings[-1:]).splitlines()[-1], flush=True)
    print(table(timings))
    if chosen.json:
        said = {"date": datetime.date.today().isoformat(), "timings": [asdict(timing) for timing in timings]}
        chosen.json.write_text(json.dumps(said, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
