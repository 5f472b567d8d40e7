"""Models with parameters that are the same in every run of the tests."""

import pytest
import torch

from ceteris.registry import part


@pytest.fixture
def build():
    """build(name, classes, channels, image_size, **options) -> model, initialised from a fixed seed."""

    def make(name, classes=10, channels=3, image_size=32, **options):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return part("model", name).build(options, classes=classes, channels=channels, image_size=image_size)

    return make


@pytest.fixture
def images():
    """images(n, channels, image_size) -> float [n, channels, image_size, image_size], normal."""

    def make(n=4, channels=3, image_size=32):
        return torch.randn(n, channels, image_size, image_size, generator=torch.Generator().manual_seed(1))

    return make
