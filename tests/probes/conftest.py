"""A trained model as probes are shown it, on images made for the test."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.probes.kind import Trained
from ceteris.registry import part


@dataclass(frozen=True)
class Pictures:
    """Images made for the test."""

    inputs: torch.Tensor
    labels: torch.Tensor

    def __len__(self):
        return len(self.labels)

    def at(self, rows):
        return self.inputs[rows], self.labels[rows]


@pytest.fixture
def trained():
    """trained(model, test=20, size=8, classes=3, seed=5) -> view of a model or a registered one by name."""

    def show(model, test=20, size=8, classes=3, seed=5, **options):
        if isinstance(model, str):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                model = part("model", model).build(options, classes=classes, channels=3, image_size=size)
        generator = torch.Generator().manual_seed(2)
        validation, tested = (
            Pictures(torch.randn(n, 3, size, size, generator=generator), torch.arange(n) * classes // n)
            for n in (30, test)
        )
        return Trained(
            model=model.eval(),
            loss=functional.cross_entropy,
            autocast=torch.autocast("cpu", torch.bfloat16, enabled=False),
            validation=validation,
            test=tested,
            classes=tuple("abcdefgh"[:classes]),
            mean=[0.5, 0.5, 0.5],
            std=[0.1, 0.1, 0.1],
            seed=seed,
            stream_name="probe/test",
        )

    return show


@pytest.fixture
def same_twice():
    """same_twice(probe, view) -> its measurement, after checking that a second one has the same bits."""

    def measure(probe, view):
        first, second = probe.measure(view), probe.measure(view)
        assert first.values == second.values
        assert list(first.arrays) == list(second.arrays)
        for name, array in first.arrays.items():
            np.testing.assert_array_equal(second.arrays[name], array)
        return first

    return measure
