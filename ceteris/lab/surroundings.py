"""What a checkpoint was made under, and what of it is another now: a trial is never continued by other code."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ceteris.version import VERSION

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "pillow", "safetensors")
"""Those that compute or decode something that a trial's numbers rest on."""


def surroundings(device: str, compiled: bool = False) -> dict[str, str]:
    """Versions, system, processor, device and whether it trains compiled: what may change bits and is not in the key.

    The number of threads is not among them: it is kept from the checkpoint.
    """
    return {**_here(), "device": f"{_device(device)}{', compiled' if compiled else ''}"}


def changes(before: Mapping[str, Any] | None, now: Mapping[str, str]) -> str:
    """What differs, in words: "torch 2.13.0 is now 2.14.0"; empty when nothing does."""
    if not isinstance(before, Mapping):
        return "it does not say what it was made under"
    names = dict.fromkeys([*before, *now])
    return ", ".join(
        f"{name} {before.get(name, 'unknown')} is now {now.get(name, 'unknown')}"
        for name in names
        if before.get(name) != now.get(name)
    )


@cache
def _here() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    system = f"{platform.system()} {platform.machine()}"
    python = platform.python_version()
    return {"ceteris": VERSION, "python": python, **packages, "system": system, "processor": _processor()}


def _processor() -> str:
    """Other instruction sets round otherwise. Read here, so that asking costs no torch."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _device(name: str) -> str:
    if not name.startswith("cuda"):
        return name
    import torch

    return str(torch.cuda.get_device_name(torch.device(name)))
