"""Where a trial runs and what surrounds it: device, threads, versions, memory. Recorded, never part of a key."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from ceteris.errors import InputError, Problem
from ceteris.version import VERSION

BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""As torch names those of x86 and of ARM."""


@dataclass(frozen=True)
class Conditions:
    """What a trial runs under; changes time, and on the CPU the last bits, but not what is measured.

    Attributes:
        device: "cpu", "cuda", "cuda:1", "mps".
        threads: torch's threads on the CPU.
        shared_machine: other trials run at the same time.
        sealed_test_curve: predict the test images after every epoch, for later, unseen by any choice.
        compiled: train through `torch.compile`, on CUDA.
    """

    device: str = "cpu"
    threads: int = 1
    shared_machine: bool = False
    sealed_test_curve: bool = True
    compiled: bool = False


def best_device() -> str:
    """The first of cuda, mps and cpu that is there."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(name: str) -> str:
    """The name, if such a device is there. Raises InputError otherwise."""
    there = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    if torch.cuda.is_available():
        there += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in there:
        raise InputError(Problem(f"no device {name!r} here", "--device", f"there is: {', '.join(there)}"))
    return name


def current(device: str) -> AbstractContextManager[Any]:
    """Inside, a CUDA device is torch's current one: graphs are recorded there, whatever number it has."""
    return torch.cuda.device(device) if device.startswith("cuda") else nullcontext()


def computes_bf16(device: str) -> bool:
    """Whether the device has instructions for bf16: without, it is many times slower in bf16 than in fp32.

    True where torch cannot say: on Apple's GPUs, on a card of another machine, and before `torch.cpu.get_capabilities`.
    """
    if device.startswith("cuda"):
        return not torch.cuda.is_available() or bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return True
    return any(torch.cpu.get_capabilities().get(name, False) for name in BF16_INSTRUCTIONS)


def check_compiler(device: str) -> None:
    """Compile something small. Raises InputError where that is of no use, or does not work."""
    if not device.startswith("cuda"):
        raise InputError(Problem("only CUDA devices train faster when compiled", "--compile", "leave it out"))
    try:
        torch.compile(torch.sin)(torch.zeros(1, device=device))
    except Exception as error:  # whatever a compiler says; torch itself works without it
        what = f"torch.compile does not work here: {str(error).splitlines()[0]}"
        raise InputError(Problem(what, "--compile", "leave it out, or install what it asks for")) from error


def environment(conditions: Conditions) -> dict[str, Any]:
    """Versions, processor, device, threads and the day (UTC), as plain values."""
    device = torch.device(conditions.device)
    return {
        "ceteris": VERSION,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "date": datetime.now(UTC).date().isoformat(),
        **({"compiled": True} if conditions.compiled else {}),
    }


class PeakMemory:
    """The highest memory of a trial in bytes: of the device on CUDA, resident in this process elsewhere.

    On Linux the kernel's own high-water mark is reset at the start; where it cannot be, the process's is taken.
    """

    def __init__(self, device: str) -> None:
        self.cuda = torch.device(device) if device.startswith("cuda") else None
        self._highest = 0
        if self.cuda is not None:
            torch.cuda.reset_peak_memory_stats(self.cuda)
        elif sys.platform == "linux":
            _return_freed_memory()
            try:
                Path("/proc/self/clear_refs").write_text("5")
            except OSError:
                return

    def highest(self) -> int:
        """Bytes since the start; never less than before, though the kernel's own count may fall by some pages."""
        self._highest = max(self._highest, self._now())
        return self._highest

    def _now(self) -> int:
        if self.cuda is not None:
            return torch.cuda.max_memory_allocated(self.cuda)
        if sys.platform == "linux":
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(psutil.Process().memory_info().rss)


def _return_freed_memory() -> None:
    """What an earlier trial of this process freed would count as this one's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
