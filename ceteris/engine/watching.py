"""What the outside may see of a running trial, and where its checkpoints go. Nothing here can change training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ceteris.study.record import Epoch

State = tuple[dict[str, Any], dict[str, np.ndarray]]
"""Plain values and arrays from which a trial goes on as if nothing had happened."""


class Watcher(Protocol):
    """Is told what happens; looks, never touches."""

    def step(self, epoch: int, step: int, steps: int) -> None:
        """After each step; called often, returns at once."""

    def epoch(self, row: Epoch, epochs: int) -> None:
        """After each epoch, with the new row of the curves and the number of epochs planned."""


class Silent:
    """Watches nothing."""

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Look away."""

    def epoch(self, row: Epoch, epochs: int) -> None:
        """Look away."""


class Checkpointing(Protocol):
    """Where checkpoints go; see `ceteris.store.checkpoints`."""

    def due(self) -> bool:
        """Whether the state is to be saved now; asked after every step and epoch, so it answers at once."""

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the state after that many epochs, and that many steps of the next."""

    def load(self) -> State | None:
        """The latest state, or None."""


class NoCheckpoints:
    """Keeps nothing."""

    def due(self) -> bool:
        """Never."""
        return False

    def save(self, epoch: int, step: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Let it go."""

    def load(self) -> None:
        """There is nothing."""
        return
