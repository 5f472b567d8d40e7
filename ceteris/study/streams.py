"""Named randomness: every draw of a trial comes from a stream derived by hashing (seed, name).

Streams of different names are independent, and a stream's bits depend on nothing else: not on the variant, the
process, the order of use or any other stream. Names in use: `init/<parameter>`, `order/<epoch>`,
`augment/<epoch>/<augmentation>`, `noise/<epoch>`, `split/...`, `probe/<probe>/...`.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream_bits(seed: int, name: str, bits: int = 64) -> int:
    """The stream's own whole number of that many bits (at most 256), for generators that take a seed."""
    if not 0 < bits <= 256:
        raise ValueError("a stream has 1 to 256 bits")
    digest = hashlib.sha256(f"ceteris/stream/1\0{seed}\0{name}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits)


def stream(seed: int, name: str) -> np.random.Generator:
    """A fresh numpy generator (Philox, Salmon et al. 2011) at the start of that stream."""
    return np.random.Generator(np.random.Philox(key=stream_bits(seed, name, 128)))
