"""What the outside may see of a running trial, and where its checkpoints go. Nothing here can change training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ceteris.study.record import Epoch


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

    def save(self, epoch: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the state after that many epochs."""

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """The latest state, or None."""


class NoCheckpoints:
    """Keeps nothing."""

    def save(self, epoch: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Let it go."""

    def load(self) -> None:
        """There is nothing."""
        return
