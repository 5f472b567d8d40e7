from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from ceteris.data.source import DataPlace, Images

# A busy machine is not a mistake.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def place(tmp_path: Path) -> DataPlace:
    return DataPlace(tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def images() -> Images:
    """70 random 6x6 colour images of 7 classes."""
    generator = np.random.default_rng(0)
    return Images(generator.integers(0, 256, (70, 6, 6, 3), dtype=np.uint8), np.arange(70, dtype=np.int64) % 7)
