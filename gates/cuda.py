"""The CUDA gate: what only a card can show of the engine. `python -m gates.cuda` on a machine that has one.

On the digits that come with scikit-learn: recorded steps have the bits of plain ones, a trial goes on inside an epoch,
TF32 only where the recipe says so, a step that cannot be recorded loses no draw, and nothing in an epoch waits for the
device; where there are two cards of one kind, both compute the same. For comparing bits, cuDNN is held to deterministic
algorithms, which the product does not ask for. Exit code 1 when one of them does not hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import nn

from ceteris.data.source import DataPlace, Dataset
from ceteris.engine import evaluate, steps, train
from ceteris.engine.device import Conditions
from ceteris.engine.graphs import Recorder
from ceteris.engine.setup import Trial
from ceteris.engine.steps import Steps
from ceteris.engine.train import train as train_trial
from ceteris.engine.watching import State
from ceteris.lab.resolve import resolve
from ceteris.registry import part, register
from ceteris.study.record import Record
from ceteris.study.vocabulary import Recipe

EPOCHS, BATCH = 4, 32
CUT_AT = (1, 2, 4, 6)
"""Checkpoints, counted from 1 over all that are offered, after which a trial is cut and done again."""


class _Waiting(nn.Module):
    """Asks for a number, which no recording allows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if float(x.detach().sum()) == 0.0:
            return x
        return x


@register("model")
def gated_net(classes: int, channels: int, image_size: int, *, waits: bool = False) -> nn.Module:
    """Two convolutions with batch norm and dropout, one linear layer; perhaps one that waits for the device."""
    layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Dropout(0.2)]
    layers += [nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Dropout(0.2)]
    layers += [_Waiting()] if waits else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * ((image_size + 1) // 2) ** 2, classes))


class _Plain:
    """Stands in for a `Recorder`: every call runs as it is."""

    def __init__(self, function: Callable[..., Any], device: torch.device) -> None:
        self.function = function

    def __call__(self, *inputs: torch.Tensor) -> Any:
        return self.function(*inputs)


class _Cut(Exception):
    """The trial is cut here."""


class _Kept:
    """Keeps checkpoints in memory, and cuts the trial after so many."""

    def __init__(self, cut_at: int) -> None:
        self.cut_at, self.offered = cut_at, 0
        self.step, self.state = 0, None

    def due(self) -> bool:
        self.offered += 1
        return self.offered == self.cut_at

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        self.step = step
        self.state: State | None = (dict(values), {name: array.copy() for name, array in arrays.items()})
        raise _Cut

    def load(self) -> State | None:
        return self.state


def trained(data: Dataset, device: str, checkpoints: Any = None, **changed: Any) -> Record:
    """The record of the gate's recipe with something changed."""
    recipe = {
        "data": "digits",
        "model": "gated-net",
        "augment": [{"name": "crop", "padding": 1}],
        "optimizer": {"name": "adamw", "lr": 0.003},
        "schedule": "cosine",
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "weights": "last",
        **changed,
    }
    trial = Trial("0" * 64, resolve(Recipe(**recipe)), 0)
    return train_trial(trial, data, Conditions(device, torch.get_num_threads()), checkpoints)


@contextmanager
def deterministic(precision: str) -> Iterator[None]:
    """As the engine's own arithmetic, with the same algorithms every time."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    tf32 = precision == "tf32"
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=tf32):
        yield


def same(one: Record, other: Record) -> bool:
    """Equal losses of all steps, weights and predictions, bit for bit."""
    pairs = [(one.steps["loss"], other.steps["loss"]), (one.predictions["logits"], other.predictions["logits"])]
    pairs += [(one.weights[name], other.weights[name]) for name in one.weights]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def plainly(data: Dataset, **changed: Any) -> Record:
    """Trained without a recording."""
    with mock.patch.object(steps, "Recorder", _Plain), mock.patch.object(evaluate, "Recorder", _Plain):
        return trained(data, "cuda", **changed)


def recorded_equals_plain(data: Dataset) -> tuple[bool, str]:
    """A replayed graph computes what the steps themselves do."""
    recordings = []
    with mock.patch.object(Recorder, "_record", _counting(Recorder._record, recordings)):
        one = trained(data, "cuda")
    other = plainly(data)
    return bool(recordings) and same(one, other), f"{len(one.steps['loss'])} steps, {len(recordings)} recordings"


def _counting(function: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        calls.append(args)
        return function(*args)

    return counted


def goes_on_inside(data: Dataset) -> tuple[bool, str]:
    """Cut at checkpoints inside an epoch and at its end, a trial goes on to the same bits."""
    whole, equal, places = trained(data, "cuda"), 0, []
    for cut_at in CUT_AT:
        kept = _Kept(cut_at)
        try:
            trained(data, "cuda", kept)
        except _Cut:
            places.append(kept.step)
        equal += same(trained(data, "cuda", kept), whole)
    return equal == len(CUT_AT) and any(places), f"{equal} of {len(CUT_AT)} equal, cut after steps {places} of an epoch"


def tf32_where_asked(data: Dataset) -> tuple[bool, str]:
    """Exact products by default; rounded ones only in a recipe that says tf32."""
    no_draws = {"model": {"name": "resnet14", "width": 32}, "augment": [], "epochs": 1}
    first = {
        name: float(trained(data, device, precision=precision, **no_draws).steps["loss"][0])
        for name, device, precision in (("cpu", "cpu", "fp32"), ("fp32", "cuda", "fp32"), ("tf32", "cuda", "tf32"))
    }
    off = {name: abs(first[name] / first["cpu"] - 1) for name in ("fp32", "tf32")}
    held = off["fp32"] < 2e-5 and 3 * off["fp32"] < off["tf32"] < 1e-2
    return held, f"first loss beside the CPU's: fp32 {off['fp32']:.1e} off, tf32 {off['tf32']:.1e} off"


def refusal_loses_no_draw(data: Dataset) -> tuple[bool, str]:
    """Steps that cannot be recorded run as they are, with the draws of a run that never tried."""
    waits, refused = {"name": "gated-net", "waits": True}, []
    record = Recorder._record

    def noting(recorder: Recorder[Any], *args: Any) -> None:
        record(recorder, *args)
        refused.append(recorder.refused)

    with mock.patch.object(Recorder, "_record", noting):
        one = trained(data, "cuda", model=waits)
    return any(refused) and same(one, plainly(data, model=waits)), f"{sum(map(bool, refused))} recordings refused"


def nothing_waits(data: Dataset) -> tuple[bool, str]:
    """Between the beginning and the end of an epoch, torch itself raises an error at whatever waits for the device."""
    begin, end, guarded = Steps.begin, Steps.end, []

    def guard(own: Steps, epoch: int, inside: Any = None) -> int:
        done = begin(own, epoch, inside)
        if epoch > 1:  # the first may allocate, choose algorithms and record
            guarded.append(epoch)
            torch.cuda.set_sync_debug_mode("error")
        return done

    def release(own: Steps) -> Any:
        torch.cuda.set_sync_debug_mode("default")
        return end(own)

    with mock.patch.object(Steps, "begin", guard), mock.patch.object(Steps, "end", release):
        try:
            trained(data, "cuda")
        except RuntimeError as error:
            return False, str(error).splitlines()[0]
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return len(guarded) == EPOCHS - 1, f"{len(guarded)} epochs guarded"


def second_card_computes_the_same(data: Dataset) -> tuple[bool, str]:
    """A trial on the second card, after one on the first in the same process, has the bits of the first one's."""
    one, recordings = trained(data, "cuda:0"), []
    with mock.patch.object(Recorder, "_record", _counting(Recorder._record, recordings)):
        other = trained(data, "cuda:1")
    return bool(recordings) and same(one, other), f"{len(recordings)} recordings on the second card"


CHECKS: Mapping[str, tuple[Callable[[Dataset], tuple[bool, str]], bool]] = {
    "recorded steps have the bits of plain ones": (recorded_equals_plain, True),
    "a trial goes on inside an epoch, bit for bit": (goes_on_inside, True),
    "a step that cannot be recorded loses no draw": (refusal_loses_no_draw, True),
    "TF32 only where the recipe says so": (tf32_where_asked, False),
    "nothing in an epoch waits for the device": (nothing_waits, False),
}
"""What is said of each, and whether cuDNN must be deterministic for it."""
OF_SEVERAL_CARDS = {"a second card computes what the first does": (second_card_computes_the_same, True)}
"""Further ones for a machine with more than one card."""


def main() -> int:
    """Run every check; 0 when all hold."""
    if not torch.cuda.is_available():
        print("error: no CUDA device here", file=sys.stderr)
        return 2
    data = part("data", "digits").build({}, place=DataPlace(Path(), Path(), False)).load()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    all_hold = True
    checks = {**CHECKS, **(OF_SEVERAL_CARDS if torch.cuda.device_count() > 1 else {})}
    for said, (check, exactly) in checks.items():
        with mock.patch.object(train, "arithmetic", deterministic) if exactly else nullcontext():
            held, figure = check(data)
        all_hold &= held
        print(f"{'holds' if held else 'FAILS'}: {said} ({figure})", flush=True)
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
