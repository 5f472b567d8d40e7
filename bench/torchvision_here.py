"""torchvision beside the CPU build of torch, for which its wheel was not made."""

from __future__ import annotations

import torch

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_LIBRARY: list[torch.library.Library] = []


def prepare() -> None:
    """Let `import torchvision` work: it asks for two operators that only its own compiled library defines."""
    if not _LIBRARY and not hasattr(torch.ops.torchvision, "nms"):
        _LIBRARY.append(torch.library.Library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            _LIBRARY[0].define(name + SCHEMA)
