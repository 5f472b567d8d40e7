"""The heads of batch pickles, fuzzed by the hundred thousand."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Iterator

import numpy as np

from ceteris.data.batch_pickle import _Allowed, load_batch
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome, draws

FAULT = "the head of a CIFAR batch with bytes changed, dropped, put in or moved"
PROMISE = "read as plain numbers and text, or refused in words; nothing else is built, and memory stays small"
SOURCE = "data"

HEADS, SHORT_HEADS = 100_000, 5_000
AT_ONCE = 1000
"""Heads that share one stream, so that drawing does not take longer than reading."""
HEAD = 120
"""Bytes of the beginning in which changes fall; all opcodes of the dict and of the array lie there."""
MOST_MEMORY = 512 << 20
_BATCH = {b"batch_label": b"training batch 1 of 5", b"labels": [6, 9], b"data": np.arange(12, dtype=np.uint8)}
_OPCODES = bytes(ord(op) for op in "(.012FIJKLMNRSTUVX]abcdeghijloprstu}GBC\x80\x81\x82\x85\x88\x8a\x8c\x8d\x93\x94\x96"
                 if ord(op) < 256)  # fmt: skip
_PLAIN = (bytes, str, int, float, bool, type(None), np.ndarray, _Allowed)
"""A name of the allow-list that nobody calls stands for nothing, and does nothing."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each protocol in turn, one to four changes in each head."""
    sound = [pickle.dumps(_BATCH, protocol) for protocol in range(6)]
    last = SHORT_HEADS if short else HEADS
    before = _peak()
    for block in range(-(-last // AT_ONCE)) if only is None else [(only - 1) // AT_ONCE]:
        generator = draws("pickle_headers", block)
        for number in range(block * AT_ONCE + 1, (block + 1) * AT_ONCE + 1):
            content = _changed(generator, sound[number % len(sound)])
            if only in (None, number):
                outcome, detail = _outcome(content)
                if _peak() - before > MOST_MEMORY:
                    outcome, detail, before = Outcome.WRONG, "it took memory without end", _peak()
                yield Injection(number, f"protocol {number % len(sound)}: {content[:HEAD]!r}", outcome, detail)


def _changed(generator: np.random.Generator, whole: bytes) -> bytes:
    content = bytearray(whole)
    for kind, place, value, length in generator.integers(0, (5, HEAD, 256, 12), (int(generator.integers(1, 5)), 4)):
        at = int(place) % len(content)
        if kind == 0:
            content[at] = value
        elif kind == 1:
            content[at] = _OPCODES[value % len(_OPCODES)]
        elif kind == 2:
            content.insert(at, _OPCODES[value % len(_OPCODES)])
        elif kind == 3:
            del content[at : at + 1 + int(length)]
            content += b"."
        else:
            content[at:at] = content[: int(length)]
    return bytes(content)


def _outcome(content: bytes) -> tuple[Outcome, str]:
    try:
        found = load_batch(content, "data_batch_1")
    except InputError:
        return Outcome.REFUSED, ""
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
    strange = [type(each).__name__ for each in _every(found) if type(each) not in _PLAIN]
    if strange:
        return Outcome.WRONG, f"it built {strange}"
    return Outcome.SURVIVED, ""


def _every(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for pair in value.items():
            yield from _every(pair)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _every(each)
    else:
        yield value


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
