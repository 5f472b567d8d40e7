"""Where torchvision is missing, the extra that brings it is named; where it is there, the oracles' tests import it."""

import pytest

from bench import torchvision_here


def test_without_torchvision_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(torchvision_here, "_LIBRARY", [])
    monkeypatch.setattr(torchvision_here.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install '\.\[bench\]'"):
        torchvision_here.prepare()
