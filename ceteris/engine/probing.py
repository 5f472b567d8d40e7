"""Probes beside the training loop: shown the model, given randomness of their own, and undone when they return."""

from __future__ import annotations

import contextlib
import random
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ceteris.engine.randomness import drawing_from
from ceteris.engine.setup import Setup, build
from ceteris.errors import InputError
from ceteris.probes.guard import untouched
from ceteris.probes.kind import EpochEnd, Measurement, Probe, Step, TrainingProbe
from ceteris.study.findings import Findings, Identity, identity_slug
from ceteris.study.keys import canonical_json

Checkpoint = tuple[dict[str, Any], dict[str, np.ndarray]]
LINES_OF_TRACEBACK = 6


class Probing:
    """The probes that watch one trial; without any it does nothing.

    One that raises is asked no more: its findings are the error, and training goes on as if it were not there.
    """

    def __init__(self, identities: Sequence[Identity] = ()) -> None:
        """Of these, the probes that watch training. Raises InputError for options that one refuses."""
        built = [(Attempt(identity), build_probe(identity)) for identity in identities]
        self._watching = [(attempt, probe) for attempt, probe in built if isinstance(probe, TrainingProbe)]

    @property
    def seconds(self) -> float:
        """Spent on probes so far."""
        return sum(attempt.seconds for attempt, _ in self._watching)

    def wanted(self, steps: Iterable[int], steps_per_epoch: int) -> bool:
        """Whether one of them wants to look at any of these steps, counted from 1 over the whole training."""
        return any(
            self._wants(attempt, probe, step, steps_per_epoch) for attempt, probe in self._living() for step in steps
        )

    def after_backward(
        self, setup: Setup, batch: tuple[torch.Tensor, torch.Tensor], rate: float, epoch: int, step: int
    ) -> None:
        """Show a step, counted from 1 over the whole training, before the optimizer's update."""
        inputs, labels = batch
        for attempt, probe in self._living():
            if self._wants(attempt, probe, step, setup.train.steps):
                noise = f"{attempt.stream}/noise/{step}"

                def loss(noise: str = noise) -> torch.Tensor:
                    with drawing_from(setup.trial.seed, noise, str(inputs.device)), setup.autocast:
                        return setup.plain(inputs, labels)[1]

                with attempt.looking(setup, f"step/{step}"):
                    probe.after_backward(Step(setup.model, inputs, labels, loss, rate, epoch, step))

    def after_epoch(self, setup: Setup, epoch: int) -> None:
        """Show the model in evaluation mode."""
        for attempt, probe in self._living():
            with attempt.looking(setup, f"epoch/{epoch}"):
                probe.after_epoch(EpochEnd(setup.model.eval(), epoch, setup.validation))

    def findings(self) -> list[Findings]:
        """What each of them found, or why it did not."""
        for attempt, probe in self._living():
            with attempt.kept():
                attempt.found = checked(probe.so_far())
        return [attempt.findings() for attempt, _ in self._watching]

    def keep(self, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> Checkpoint:
        """The training's checkpoint with what the probes have seen added."""
        seen = {identity_slug(findings.probe): findings for findings in self.findings()}
        said = {slug: {"values": f.values, "seconds": f.seconds, "error": f.error} for slug, f in seen.items()}
        added = {f"probe/{slug}/{name}": array for slug, f in seen.items() for name, array in f.arrays.items()}
        return values | {"probes": said}, arrays | added

    def resume(self, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """The checkpoint, if every probe goes on from it; None when one was not there from the beginning."""
        said = checkpoint[0].get("probes", {}) if checkpoint else {}
        if checkpoint is None or not all(attempt.slug in said for attempt, _ in self._watching):
            return None
        for attempt, probe in self._watching:
            mine, start = said[attempt.slug], f"probe/{attempt.slug}/"
            attempt.seconds, attempt.error = mine["seconds"], mine["error"]
            arrays = {name.removeprefix(start): a for name, a in checkpoint[1].items() if name.startswith(start)}
            if not attempt.error:
                with attempt.kept():
                    probe.restore(Measurement(arrays, mine["values"]))
        return checkpoint

    @staticmethod
    def _wants(attempt: Attempt, probe: TrainingProbe, step: int, steps_per_epoch: int) -> bool:
        with attempt.kept():
            return probe.wants(step, steps_per_epoch)
        return False

    def _living(self) -> Iterator[tuple[Attempt, TrainingProbe]]:
        return ((attempt, probe) for attempt, probe in self._watching if not attempt.error)


class Attempt:
    """One probe's time, failure and findings in one trial."""

    def __init__(self, identity: Identity) -> None:
        self.identity, self.slug = identity, identity_slug(identity)
        self.stream = f"probe/{identity['name']}"
        self.seconds, self.error, self.found = 0.0, "", Measurement()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what is raised inside as words: an InputError's own, else the last lines of the traceback."""
        try:
            yield
        except InputError as error:
            self.error = str(error)
        except Exception as error:  # whatever a probe raises costs its findings only
            last = traceback.format_exc().splitlines()[-LINES_OF_TRACEBACK:]
            self.error = "\n".join([f"{type(error).__name__}: {error}", *last])

    @contextlib.contextmanager
    def looking(self, setup: Setup, moment: str) -> Iterator[None]:
        """Time what is done inside, let torch's generators draw from the probe's stream, and leave no trace of it."""
        device = next(setup.model.parameters()).device
        _settle(device)
        started = time.perf_counter()
        with (
            self.kept(),
            untouched(setup.model),
            _generators(),
            drawing_from(setup.trial.seed, f"{self.stream}/{moment}", str(device)),
        ):
            yield
        _settle(device)
        self.seconds += time.perf_counter() - started

    def findings(self) -> Findings:
        """What it came to; nothing but the error where there is one."""
        found = Measurement() if self.error else self.found
        return Findings(self.identity, dict(found.arrays), dict(found.values), self.seconds, self.error)


def build_probe(identity: Identity) -> Probe:
    """The probe of that identity. Raises InputError for options that it refuses."""
    probe: Probe = build("probe", identity)
    return probe


def watches_training(identity: Identity) -> bool:
    """Whether the probe must be there while the trial is trained. Raises InputError for options that it refuses."""
    return isinstance(build_probe(identity), TrainingProbe)


def checked(found: Measurement) -> Measurement:
    """The measurement, if it can be stored. Raises ValueError naming what cannot."""
    canonical_json(dict(found.values))
    arrays: Mapping[str, np.ndarray] = {name: np.asarray(array) for name, array in found.arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"array {name!r} holds {array.dtype}, not numbers")
    return Measurement(arrays, found.values)


@contextlib.contextmanager
def _generators() -> Iterator[None]:
    """Python's and numpy's global generators end as they began; importing some libraries draws from them."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _settle(device: torch.device) -> None:
    """Wait for the device, so that training's queued work is not counted as the probe's, nor the other way round."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
