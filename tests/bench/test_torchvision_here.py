"""torchvision can be imported beside the CPU build of torch, and its absence is said."""

import subprocess
import sys

import pytest

from bench import torchvision_here


def test_transforms_can_be_imported():
    if torchvision_here.importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision comes with the extra `bench`")
    code = "from bench.torchvision_here import prepare; prepare(); prepare(); from torchvision import transforms"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_without_torchvision_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(torchvision_here, "_LIBRARY", [])
    monkeypatch.setattr(torchvision_here.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install '\.\[bench\]'"):
        torchvision_here.prepare()
