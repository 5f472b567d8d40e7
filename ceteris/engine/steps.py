"""Training steps: a batch in, the parameters one step further. What is read at an epoch's end stays on the device."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ceteris.engine.graphs import Recorder
from ceteris.engine.probing import Probing
from ceteris.engine.progress import Inside
from ceteris.engine.randomness import generator_states, restore_generators
from ceteris.engine.setup import Setup

RECORDED_STEPS = 16
"""In one CUDA graph: enough that the device does not wait for the host between graphs."""


@dataclass(frozen=True)
class TrainedEpoch:
    """Losses and learning rates float32 [steps], share of the images that were right, seconds without probes."""

    losses: np.ndarray
    rates: np.ndarray
    top1: float
    seconds: float


class Steps:
    """The steps of one trial. On CUDA several are recorded as one graph; those that a probe wants to see are not."""

    def __init__(self, setup: Setup, probes: Probing) -> None:
        """Take the optimizer as it is, so after a checkpoint's state was put back."""
        self._setup, self._probes = setup, probes
        self._parameters = tuple(setup.model.parameters())
        device = self._parameters[0].device
        self._losses = torch.zeros(setup.train.steps, device=device)
        self._correct = torch.zeros((), dtype=torch.int64, device=device)
        self._done = torch.zeros(1, dtype=torch.int64, device=device)
        self._ahead = torch.arange(RECORDED_STEPS, device=device)
        self._rates: list[float] = []
        self._epoch, self._first = 0, 1
        self._started, self._probed = 0.0, 0.0
        self._recorder: Recorder[None] | None = None
        if device.type == "cuda" and setup.train.resident:
            self._recorder = Recorder(self.several, device)
            # The graph reads both, so they must be tensors that it finds again.
            self._device_rates = torch.zeros_like(self._losses)
            for group in setup.optimizer.param_groups:
                group |= {"lr": torch.tensor(setup.rate, device=device), "capturable": True}

    @property
    def at_once(self) -> int:
        """Batches that are best handed over together."""
        return RECORDED_STEPS if self._recorder else 1

    def begin(self, epoch: int, inside: Inside | None = None) -> int:
        """Start an epoch, counted from 1, or go on inside it. Returns how many of its steps are done."""
        setup, steps = self._setup, self._setup.train.steps
        self._started, self._probed = time.perf_counter(), self._probes.seconds
        setup.model.train()
        self._epoch, self._first = epoch, (epoch - 1) * steps + 1
        self._rates = [setup.rate * setup.schedule.factor((epoch - 1) * steps + step) for step in range(steps)]
        for tally in (self._losses, self._correct, self._done):
            tally.zero_()
        if self._recorder:
            self._device_rates.copy_(torch.tensor(self._rates), non_blocking=True)
        if inside is None:
            return 0
        self._started -= inside.seconds
        self._losses[: inside.step] = torch.from_numpy(inside.losses)
        self._correct += inside.correct
        self._done += inside.step
        states = {device: torch.from_numpy(np.array(state)) for device, state in inside.generators.items()}
        restore_generators(states, self._losses.device)
        return inside.step

    def inside(self, step: int) -> Inside:
        """Where the epoch stands after so many of its steps. Waits for the device."""
        states = generator_states(self._losses.device)
        return Inside(
            step=step,
            correct=int(self._correct),
            seconds=self._seconds(),
            losses=self._losses[:step].cpu().numpy().copy(),
            generators={device: state.numpy() for device, state in states.items()},
        )

    def __call__(self, inputs: torch.Tensor, labels: torch.Tensor, step: int) -> int:
        """Train on one or several batches, the first of which is that step of the epoch, counted from 0.

        Returns how many steps of the epoch are done.
        """
        steps, first = self._setup.train.steps, self._first + step
        after = step - (-len(labels) // self._setup.train.batch_size)
        watched = self._probes.wanted(range(first, self._first + after), steps)
        if self._recorder and not watched:
            self._recorder(inputs, labels)
        else:
            self.several(inputs, labels, step, watched)
        return after

    def end(self) -> TrainedEpoch:
        """Wait for the device and read what the epoch came to."""
        losses, right = self._losses.cpu().numpy().copy(), int(self._correct)
        return TrainedEpoch(losses, np.array(self._rates, np.float32), right / len(self._setup.train), self._seconds())

    def _seconds(self) -> float:
        return time.perf_counter() - self._started - (self._probes.seconds - self._probed)

    def several(
        self, inputs: torch.Tensor, labels: torch.Tensor, step: int | None = None, watched: bool = False
    ) -> None:
        """Train on several batches. Without a step, that of the first, nothing is asked of the host.

        Watched are steps that probes see.
        """
        taken: list[tuple[torch.Tensor, torch.Tensor]] = []
        size = self._setup.train.batch_size
        rates = self._rates_from(step, -(-len(labels) // size))
        for batch in zip(torch.split(inputs, size), torch.split(labels, size), strict=True):
            taken.append(self._one(*batch, next(rates), None if step is None else step + len(taken), watched))
        # Read once per epoch: asking for a number here would make the device wait.
        self._losses.index_copy_(0, self._done + self._ahead[: len(taken)], torch.stack([loss for loss, _ in taken]))
        self._done += len(taken)
        dominant = labels if labels.ndim == 1 else labels.argmax(1)  # of mixed images the larger part counts
        self._correct += (torch.cat([logits for _, logits in taken]).argmax(1) == dominant).sum()

    def _one(
        self, inputs: torch.Tensor, labels: torch.Tensor, rate: float | torch.Tensor, step: int | None, watched: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss and logits of the batch, before the step."""
        setup, optimizer = self._setup, self._setup.optimizer
        self._set_rate(rate)
        # It is compiled anew for every size of a batch, which the last of an epoch is not worth.
        compiled = None if watched or len(inputs) < setup.train.batch_size else setup.compiled
        objective = setup.objective if compiled is None else compiled
        with setup.autocast:
            logits, loss = objective(inputs, labels)
        for parameter in self._parameters:  # the optimizer's own way takes 70 microseconds
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        if step is not None:
            self._probes.after_backward(setup, (inputs, labels), self._rates[step], self._epoch, self._first + step)
        optimizer.step()
        return loss.detach(), logits.detach()

    def _rates_from(self, step: int | None, count: int) -> Iterator[float | torch.Tensor]:
        """The learning rates of so many steps from here on."""
        if self._recorder:
            return iter(self._device_rates.index_select(0, self._done + self._ahead[:count]))
        first = step or 0
        return iter(self._rates[first : first + count])

    def _set_rate(self, rate: float | torch.Tensor) -> None:
        for group in self._setup.optimizer.param_groups:
            if isinstance(rate, torch.Tensor):
                group["lr"].copy_(rate)
            else:
                group["lr"] = rate
