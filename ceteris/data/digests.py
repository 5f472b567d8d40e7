"""md5 and sha256 of files, read again only when they changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ceteris.data.cache import remembered


def digest(content: bytes) -> dict[str, str]:
    """{"md5", "sha256"} of some bytes, in hex."""
    return {
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def digests(cache_dir: Path, files: Sequence[Path]) -> dict[str, dict[str, str]]:
    """File name -> {"md5", "sha256"}, read again only when path, size or time changed."""
    stats = [(str(file.absolute()), file.stat()) for file in files]
    identity = {"digests": [[path, stat.st_size, stat.st_mtime_ns] for path, stat in stats]}
    return remembered(cache_dir, identity, lambda: {file.name: _of_file(file) for file in files})


def _of_file(file: Path) -> dict[str, str]:
    """As `digest`, in constant memory: archives can be large."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(1 << 20):
            md5.update(part)
            sha256.update(part)
    return {"md5": md5.hexdigest(), "sha256": sha256.hexdigest()}
