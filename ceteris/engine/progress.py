"""How far a trial has come: curves, best weights, and the checkpoint that holds all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from ceteris.engine.setup import Setup
from ceteris.engine.watching import State
from ceteris.study.record import Epoch

_ROWS = TypeAdapter(list[Epoch])


@dataclass(frozen=True)
class Inside:
    """Where an epoch stands that is not over.

    Attributes:
        step: steps of it that are done.
        correct: training images that were right.
        seconds: spent on it, without probes.
        losses: float32 [step].
        generators: states of torch's default generators, by device, uint8.
    """

    step: int
    correct: int
    seconds: float
    losses: np.ndarray
    generators: Mapping[str, np.ndarray]


@dataclass
class Progress:
    """Curves so far and what was kept. Early stopping and the choice of weights are functions of the curves alone.

    Attributes:
        rows: one per finished epoch.
        losses, rates: float32 [steps] per finished epoch.
        sealed: predicted classes of the test images, int16 [n] per finished epoch; empty when not kept.
        best: the weights of the best epoch on validation.
        seconds_evaluating: spent on validation and test.
        peak_memory: bytes, the highest of all sessions.
        inside: the epoch that a checkpoint cut in two, until it goes on.
    """

    rows: list[Epoch] = field(default_factory=list)
    losses: list[np.ndarray] = field(default_factory=list)
    rates: list[np.ndarray] = field(default_factory=list)
    sealed: list[np.ndarray] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    seconds_evaluating: float = 0.0
    peak_memory: int = 0
    inside: Inside | None = None

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest validation top-1, from 1; 0 before any."""
        return max(range(len(self.rows)), key=lambda i: self.rows[i].validation_top1) + 1 if self.rows else 0

    def should_stop(self, early_stopping: Mapping[str, Any] | None) -> bool:
        """Whether validation top-1 has not risen for `patience` epochs."""
        return early_stopping is not None and len(self.rows) - self.best_epoch >= early_stopping["patience"]

    def to_checkpoint(self, setup: Setup, inside: Inside | None = None) -> State:
        """Plain values and arrays from which `resume` goes on as if nothing had happened, perhaps inside an epoch."""
        optimizer_values, arrays = _optimizer_state(setup.optimizer)
        arrays |= {f"model/{name}": _to_numpy(tensor) for name, tensor in setup.model.state_dict().items()}
        arrays |= {f"best/{name}": _to_numpy(tensor) for name, tensor in self.best.items()}
        for name in ("losses", "rates", "sealed"):
            arrays |= {f"{name}/{epoch}": array for epoch, array in enumerate(getattr(self, name))}
        values = {
            "rows": [asdict(row) for row in self.rows],
            "optimizer": optimizer_values,
            "schedule": setup.schedule.state(),
            "seconds_evaluating": self.seconds_evaluating,
            "peak_memory": self.peak_memory,
            "threads": torch.get_num_threads(),
        }
        if inside:
            values["inside"] = {"step": inside.step, "correct": inside.correct, "seconds": inside.seconds}
            arrays["inside/losses"] = inside.losses
            arrays |= {f"generator/{device}": state for device, state in inside.generators.items()}
        return values, arrays


def resume(setup: Setup, checkpoint: State | None) -> Progress:
    """Put model, optimizer and schedule back to where the checkpoint left them; a fresh start without one.

    The thread count goes back too: on the CPU another one would change the last bits from here on.
    """
    if checkpoint is None:
        return Progress()
    values, arrays = checkpoint
    torch.set_num_threads(values["threads"])
    setup.model.load_state_dict(_under("model", arrays))
    _restore_optimizer(setup.optimizer, values["optimizer"], _under("optimizer", arrays))
    setup.schedule.restore(values["schedule"])
    rows = _ROWS.validate_python(values["rows"])
    losses, rates, sealed = (
        [arrays[f"{name}/{i}"] for i in range(len(rows)) if f"{name}/{i}" in arrays]
        for name in ("losses", "rates", "sealed")
    )
    device = next(setup.model.parameters()).device
    best = {name: tensor.to(device) for name, tensor in _under("best", arrays).items()}
    inside = None
    if "inside" in values:
        generators = {name.removeprefix("generator/"): a for name, a in arrays.items() if name.startswith("generator/")}
        inside = Inside(**values["inside"], losses=arrays["inside/losses"], generators=generators)
    return Progress(rows, losses, rates, sealed, best, values["seconds_evaluating"], values["peak_memory"], inside)


def _optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    values: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                arrays[f"optimizer/{index}/{name}"] = _to_numpy(value)
            else:
                values[f"{index}/{name}"] = value
    return values, arrays


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, values: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]
) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for place, value in (*values.items(), *tensors.items()):
        index, _, name = place.partition("/")
        like = parameters[int(index)].detach()
        if isinstance(value, torch.Tensor) and value.shape == like.shape:
            # Fused optimizers walk raw memory: moments must lie as their parameter does, not just equal it.
            value = torch.empty_like(like).copy_(value)  # noqa: PLW2901
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _under(folder: str, arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    start = f"{folder}/"
    return {
        name.removeprefix(start): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(start)
    }


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()
