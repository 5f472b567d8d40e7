"""The device that a run would most likely take, without importing torch, which takes seconds."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ceteris.errors import InputError, Problem

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
NVIDIA_CARDS = Path("/proc/driver/nvidia/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"
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
    hidden = os.environ.get(VISIBLE) in HIDDEN
    if NVIDIA_DRIVER.exists() and not hidden and not _torch_build().endswith(CPU_BUILD):
        return "cuda"
    return "mps" if (sys.platform, platform.machine()) == ("darwin", "arm64") else "cpu"


def likely_cards() -> int:
    """How many NVIDIA cards torch would find, by the driver's own list and what the user lets be seen of it."""
    chosen = os.environ.get(VISIBLE)
    if chosen is not None:
        return 0 if chosen in HIDDEN else len(chosen.split(","))
    return len(list(NVIDIA_CARDS.iterdir())) if NVIDIA_CARDS.is_dir() else 0


def card_names(count: int) -> tuple[str, ...]:
    """The first so many cards that torch finds, as CUDA_VISIBLE_DEVICES names each for a process that sees no other."""
    chosen = os.environ.get(VISIBLE)
    names = chosen.split(",") if chosen else map(str, range(count))
    return tuple(name.strip() for name in names)[:count]


def _torch_build() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return CPU_BUILD
