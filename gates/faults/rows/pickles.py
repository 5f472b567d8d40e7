"""Hostile and damaged pickles where CIFAR batches are expected."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ceteris.data.cifar import Cifar
from ceteris.data.cifar_release import CIFAR10
from ceteris.data.digests import digest
from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome, draws

FAULT = "a pickle that runs code, or is damaged, where a CIFAR batch is expected"
PROMISE = "nothing but numbers is built: executed 0; what can be read at all is named as no official copy"
SOURCE = "data"

FLIPS, SHORT_FLIPS = 600, 60
_BATCH = {
    b"labels": [0, 1, 2, 9], b"data": np.arange(4 * 3072, dtype=np.uint64).astype(np.uint8).reshape(4, 3072),
    b"filenames": [b"a.png"],
}  # fmt: skip
_META = {b"label_names": [name.encode() for name in CIFAR10.classes]}

Payload = Callable[[str], bytes]


class _Calls:
    def __init__(self, module: str, name: str, *arguments: object) -> None:
        self.call = getattr(__import__(module, fromlist=[name]), name), arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def _calls(module: str, name: str, argument: str, protocol: int) -> Payload:
    return lambda canary: pickle.dumps(
        _BATCH | {b"more": _Calls(module, name, argument.replace("CANARY", canary))}, protocol
    )


def _text(opcodes: str) -> Payload:
    return lambda canary: opcodes.replace("CANARY", canary).encode()


_OPEN = "__import__('pathlib').Path('CANARY').touch()"
PAYLOADS: dict[str, Payload] = {
    **{f"reduce os.system, protocol {p}": _calls("os", "system", "touch CANARY", p) for p in range(6)},
    **{f"reduce eval, protocol {p}": _calls("builtins", "eval", _OPEN, p) for p in range(6)},
    "reduce exec": _calls("builtins", "exec", _OPEN, 4),
    "reduce Popen": _calls("subprocess", "getoutput", "touch CANARY", 4),
    "reduce numpy.load": _calls("numpy", "load", "CANARY", 2),
    "reduce numpy.save": _text("cnumpy\nsave\n(S'CANARY'\nI1\ntR."),
    "reduce open": _text("cio\nopen\n(S'CANARY'\nS'w'\ntR."),
    "global posix.system": _text("cposix\nsystem\n(S'touch CANARY'\ntR."),
    "inst": _text("(S'touch CANARY'\nios\nsystem\n."),
    "obj": _text("(cos\nsystem\nS'touch CANARY'\no."),
    "in the memo": _text("cos\nsystem\np0\n0(lp1\ng0\n(S'touch CANARY'\ntRa."),
    "build on a function": _text("c_codecs\nencode\n(dS'__code__'\ncos\nsystem\nsb."),
    "build on a class": _text("cnumpy\nndarray\n(dS'__init__'\ncos\nsystem\nsb."),
    "newobj": lambda canary: b"\x80\x02cos\nsystem\n(U" + bytes([len(canary)]) + canary.encode() + b"t\x81.",
    "extension registry": lambda canary: b"\x80\x02\x82\x01)R.",
    "dotted name": lambda canary: b"\x80\x04\x8c\x05numpy\x8c\x13ndarray.__class__.x\x93.",
    "dtype's class": lambda canary: b"\x80\x04\x8c\x05numpy\x8c\x0fdtype.__class__\x93.",
    "persistent id": _text("PCANARY\n."),
    "an array of objects": lambda canary: pickle.dumps({b"data": np.array([_Calls("os", "mkdir", canary)])}),
    "two pickles in one": lambda canary: pickle.dumps([1]) + _text("cos\nsystem\n(S'touch CANARY'\ntR.")(canary),
    "a terabyte of array": _text("cnumpy\nndarray\n((I1000000000000\nttR."),
    "a memo of gigabytes": lambda canary: b"\x80\x02}r\xff\xff\xff\x1f.",
    "a memo of gigabytes, in text": lambda canary: b"(dp536870911\n.",
    "a pickle in its data": lambda canary: pickle.dumps(_BATCH | {b"data": _text("cos\nsystem\n.")(canary)}),
}  # fmt: skip


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each payload as a training batch and as the names of the classes; then flipped and cut bytes of a batch."""
    kinds = [(name, file) for file in ("data_batch_1", "batches.meta") for name in PAYLOADS]
    count = len(kinds) + (SHORT_FLIPS if short else FLIPS)
    with tempfile.TemporaryDirectory() as folder:
        place = _official(Path(folder))
        fingerprint = place.load().facts.fingerprint
        canary = Path(folder, "canary")
        for number in range(1, count + 1) if only is None else [only]:
            if number <= len(kinds):
                label, file = kinds[number - 1]
                content = PAYLOADS[label](str(canary))
            else:
                (label, content), file = _damaged(number), "data_batch_1"
            outcome, detail = _outcome(place, fingerprint, place.folder / file, content)
            if canary.exists():
                canary.rmdir() if canary.is_dir() else canary.unlink()
                outcome, detail = Outcome.WRONG, "the pickle was run"
            yield Injection(number, f"{label} in {file}", outcome, detail)


def _official(root: Path) -> Cifar:
    """A copy of a release of the size of a page, whose own files are its official ones; others are allowed."""
    folder = root / CIFAR10.folder
    folder.mkdir()
    files = {name: pickle.dumps(_META if name == CIFAR10.meta else _BATCH, 2) for name in CIFAR10.md5}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Cifar(DataPlace(root, root / "cache", allow_modified=True), replace(CIFAR10, md5=_md5(files)))


def _md5(files: dict[str, bytes]) -> dict[str, str]:
    return {name: digest(content)["md5"] for name, content in files.items()}


def _damaged(number: int) -> tuple[str, bytes]:
    generator, content = draws("pickles", number), bytearray(pickle.dumps(_BATCH, number % 6))
    header = min(len(content), 400)
    if generator.random() < 0.3:
        length = int(generator.integers(len(content)))
        return f"cut to {length} bytes", bytes(content[:length])
    places = [int(place) for place in generator.integers(header, size=int(generator.integers(1, 4)))]
    for place in places:
        content[place] ^= 1 << int(generator.integers(8))
    return f"bits flipped in bytes {places} of protocol {number % 6}", bytes(content)


def _outcome(place: Cifar, fingerprint: str, file: Path, content: bytes) -> tuple[Outcome, str]:
    """What loading makes of `content` in place of a batch, which is put back."""
    whole = file.read_bytes()
    file.write_bytes(content)
    try:
        facts = place.load().facts
    except InputError:
        return Outcome.REFUSED, ""
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
    finally:
        file.write_bytes(whole)
    if content == whole:
        return Outcome.SURVIVED, ""
    if facts.official or facts.fingerprint == fingerprint or file.name not in "".join(facts.notes):
        return Outcome.WRONG, "it passes for the official copy"
    return Outcome.REFUSED, "read under a fingerprint of its own, and named as no official file"
