"""torchvision beside a torch that its wheel was not made for, as the CPU build is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_LIBRARY: list[torch.library.Library] = []


def prepare() -> None:
    """Let `import torchvision` work: it asks for two operators that its own compiled library defines, if that loads.

    Transforms and models need neither of them. Raises ModuleNotFoundError without torchvision.
    """
    if _LIBRARY:
        return
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("torchvision is not installed: pip install '.[bench]'", name="torchvision")
    try:
        for compiled in Path(found.origin).parent.glob("_C*.so"):
            torch.ops.load_library(compiled)
    except OSError:
        _LIBRARY.append(torch.library.Library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            _LIBRARY[0].define(name + SCHEMA)
