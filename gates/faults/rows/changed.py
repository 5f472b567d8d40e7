"""What a trial rests on changes between its start and its next run."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from ceteris import registry
from ceteris.errors import InputError
from ceteris.lab import job as training
from ceteris.lab.events import EpochDone, Event, Started
from ceteris.lab.job import Job, do
from ceteris.lab.surroundings import PACKAGES, surroundings
from ceteris.store.records import Store
from gates.faults.row import Injection, Outcome
from gates.faults.trials import bits, breaking_parts, done, job

FAULT = "code, recipe, data, packages, threads, processor or device change between start and next run"
PROMISE = "a new key, or noticed and named: begun again, or (threads) kept as it was; never a mixture"
SOURCE = "lab"

Outcomes = tuple[Outcome, str]
CODE = """
from torch import nn
from ceteris.registry import register

{constant}

@register("model")
def mine(classes, channels, image_size):
    return Net(classes, channels * image_size**2)

class Net(nn.Module):
    def __init__(self, classes, inputs):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(inputs, SIZE), nn.{between}(), nn.Linear(SIZE, classes))

    def forward(self, images):
        return self.body(images)
"""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each change once; short and full are the same."""
    with breaking_parts(), tempfile.TemporaryDirectory() as folder:
        for number, (label, change) in enumerate(CHANGES.items(), 1):
            if only in (None, number):
                root = Path(folder, str(number))
                root.mkdir()
                outcome, detail = change(root)
                yield Injection(number, label, outcome, detail)


def _begin(one: Job) -> None:
    """As far as its second epoch, which is never saved."""

    def stop(event: Event) -> None:
        if isinstance(event, EpochDone) and event.row.epoch == 2:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        do(one, stop)


def _made_under(name: str) -> Callable[[Path], Outcomes]:
    def change(root: Path) -> Outcomes:
        one, now = job(root), surroundings("cpu")
        whole = bits(done(replace(one, store=root / "clean")))
        with mock.patch.object(training, "surroundings", return_value=now | {name: "of another time"}):
            _begin(one)
        events: list[Event] = []
        same = bits(done(one, events.append)) == whole
        begun = next(event for event in events if isinstance(event, Started))
        if begun.epochs_done or not same:
            return Outcome.WRONG, "half of it was trained under something else"
        named = f"{name} of another time is now {now[name]}" in begun.again
        return (Outcome.SURVIVED, "") if named else (Outcome.WRONG, f"the change is not named: {begun.again!r}")

    return change


def _threads(root: Path) -> Outcomes:
    one = job(root)
    whole = bits(done(replace(one, store=root / "clean")))
    _begin(one)
    events: list[Event] = []
    record = done(replace(one, threads=2), events.append)
    begun = next(event for event in events if isinstance(event, Started))
    if record.environment["threads"] != 1 or bits(record) != whole or begun.epochs_done != 1:
        return Outcome.WRONG, f"it has {record.environment['threads']} threads, after {begun.epochs_done} epochs"
    return Outcome.SURVIVED, ""


def _new_key(first: Callable[[Path], Job], second: Callable[[Path], Job]) -> Callable[[Path], Outcomes]:
    """The changed trial has a key of its own and begins at its beginning; the old checkpoint stays for the old one."""

    def change(root: Path) -> Outcomes:
        before = first(root)
        _begin(before)
        after = second(root)
        if before.key == after.key:
            return Outcome.WRONG, "the change is not in the key"
        events: list[Event] = []
        done(after, events.append)
        begun = next(event for event in events if isinstance(event, Started))
        kept = Store(before.store).checkpoints(before.key).epoch
        return (Outcome.SURVIVED, "") if (begun.epochs_done, kept) == (0, 1) else (Outcome.WRONG, f"{begun}, {kept}")

    return change


def _own_code(constant: str, between: str) -> Callable[[Path], Job]:
    def made(root: Path) -> Job:
        name = f"part_of_a_user_{len(list(root.glob('*.py')))}"
        file = root / f"{name}.py"
        file.write_text(CODE.format(constant=constant, between=between))
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return job(root, model="mine")

    return made


def _version_of_a_part(root: Path) -> Job:
    known = registry._added["model", "frail"]
    with mock.patch.dict(registry._added, {("model", "frail"): replace(known, version="2")}):
        return job(root)


def _images(root: Path, changed: bool = False) -> Job:
    for n in range(24):
        file = root / "data" / "mine" / "ab"[n % 2] / f"{n}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((32, 32, 3), 10 * (n % 2) + n, np.uint8)
        pixels[0, 0, 0] = 1 if changed and n == 5 else 0
        Image.fromarray(pixels).save(file)
    return job(root, data={"name": "folder", "path": "mine"}, epochs=3, batch_size=4)


def _under_the_plan(root: Path) -> Outcomes:
    one = _images(root)
    _images(root, changed=True)
    try:
        do(one, lambda event: None)
    except InputError as error:
        named = "changed since it was planned" in str(error)
        return (Outcome.REFUSED, "") if named else (Outcome.WRONG, str(error))
    return Outcome.WRONG, "the plan's key was given to other images"


CHANGES: Mapping[str, Callable[[Path], Outcomes]] = {
    **{f"another {name}": _made_under(name) for name in ("ceteris", "python", *PACKAGES)},
    "another kind of processor": _made_under("processor"),
    "another system": _made_under("system"),
    "another device": _made_under("device"),
    "another number of threads": _threads,
    "another learning rate": _new_key(job, lambda root: job(root, optimizer={"name": "sgd", "lr": 0.03})),
    "another batch size": _new_key(job, lambda root: job(root, batch_size=9)),
    "another number of epochs": _new_key(job, lambda root: job(root, epochs=4)),
    "another seed": _new_key(job, lambda root: job(root, seed=1)),
    "another version of a part": _new_key(job, _version_of_a_part),
    "another class in a user's file": _new_key(_own_code("SIZE = 4", "ReLU"), _own_code("SIZE = 4", "Tanh")),
    "another constant in a user's file": _new_key(_own_code("SIZE = 4", "ReLU"), _own_code("SIZE = 5", "ReLU")),
    "a pixel of an image": _new_key(_images, lambda root: _images(root, changed=True)),
    "a pixel of an image, after the plan": _under_the_plan,
}
