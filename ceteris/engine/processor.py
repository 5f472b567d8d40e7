"""What this machine's processor can do, where a faster way depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def has_avx512() -> bool:
    """Whether it has AVX-512 and torch's build has oneDNN, which uses it."""
    return bool(torch.backends.mkldnn.is_available() and _capabilities().get("avx512_f"))  # type: ignore[no-untyped-call]


def is_amd() -> bool:
    """Whether AMD made it: nobody else's ever had SSE4a."""
    return bool(_capabilities().get("sse4a"))


def _capabilities() -> Mapping[str, Any]:
    return torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
