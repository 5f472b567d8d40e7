"""The device that a run would most likely take, without importing torch, which takes seconds."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ceteris.errors import InputError, Problem

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
CPU_BUILD = "+cpu"
HIDDEN = ("", "-1")
"""Values of CUDA_VISIBLE_DEVICES that hide every card."""
KINDS = ("cpu", "cuda", "mps")


def kind_of(device: str | None) -> str:
    """One of KINDS: that of a device by its name ("cuda:1"), there or not, or of the likely one when None.

    Raises InputError for another name.
    """
    kind, colon, number = (device or likely_device()).partition(":")
    if kind not in KINDS or (colon and not (number.isascii() and number.isdigit())):
        raise InputError(Problem(f"no kind of device {device!r}", "--device", f"there is: {', '.join(KINDS)}"))
    return kind


def likely_device() -> str:
    """As `ceteris.engine.device.best_device`, from what is installed: "cuda", "mps" or "cpu".

    An NVIDIA driver and a build of torch that is not for the CPU alone mean "cuda", unless the user hides the card; an
    Apple chip means "mps".
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in HIDDEN
    if NVIDIA_DRIVER.exists() and not hidden and not _torch_build().endswith(CPU_BUILD):
        return "cuda"
    return "mps" if (sys.platform, platform.machine()) == ("darwin", "arm64") else "cpu"


def _torch_build() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return CPU_BUILD
