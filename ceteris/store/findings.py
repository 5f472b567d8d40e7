"""A probe's findings as files, and back: arrays first, named with their hash, then a statement that says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ceteris.store.files import BrokenRecord, pack_arrays, sha256, unpack_arrays
from ceteris.study.findings import Findings, identity_slug
from ceteris.study.keys import canonical_json, sha256_of_json

FORMAT = 1


@dataclass(frozen=True)
class _Statement:
    key: str
    probe: dict[str, Any]
    values: dict[str, Any]
    seconds: float
    error: str
    same_training: bool
    arrays: str | None


_STATEMENT = TypeAdapter(_Statement)


def pack_findings(key: str, findings: Findings) -> dict[str, bytes]:
    """Every file of one trial's findings by name; the statement, which names the other, is the last."""
    slug = identity_slug(findings.probe)
    arrays = pack_arrays(findings.arrays) if findings.arrays else None
    said = {
        "format": FORMAT,
        "key": key,
        "probe": dict(findings.probe),
        "values": dict(findings.values),
        "seconds": findings.seconds,
        "error": findings.error,
        "same_training": findings.same_training,
        "arrays": sha256(arrays) if arrays is not None else None,
    }
    said["sha256"] = sha256(canonical_json(said).encode())
    files = {} if arrays is None else {_arrays_file(slug, sha256(arrays)): arrays}
    return files | {f"{slug}.json": json.dumps(said, indent=1).encode()}


def unpack_findings(key: str, slug: str, read: Callable[[str], bytes]) -> Findings:
    """The findings of that trial under that name; `read` gives a file's bytes.

    Raises BrokenRecord naming the file that is not as it was written.
    """
    said = _statement(key, slug, read(f"{slug}.json"))
    arrays = {}
    if said.arrays is not None:
        name = _arrays_file(slug, said.arrays)
        content = read(name)
        if sha256(content) != said.arrays:
            raise BrokenRecord(f"{name} does not match the sha256 in {slug}.json")
        try:
            arrays = unpack_arrays(content)
        except Exception as error:  # numpy, zipfile and zlib: each has its own
            raise BrokenRecord(f"{name} cannot be read: {error}") from None
    return Findings(said.probe, arrays, said.values, said.seconds, said.error, said.same_training)


def _arrays_file(slug: str, digest: str) -> str:
    """Named so that of two writers, who may not know of each other, each leaves files that belong together."""
    return f"{slug}.{digest[:16]}.npz"


def _statement(key: str, slug: str, content: bytes) -> _Statement:
    name = f"{slug}.json"
    try:
        said = json.loads(content)
        claimed = said.pop("sha256")
        if sha256_of_json(said) != claimed:
            raise BrokenRecord(f"{name} does not match its own sha256")
        if said["format"] != FORMAT:
            raise BrokenRecord(f"{name} has format {said['format']}, this version reads {FORMAT}")
        whole = _STATEMENT.validate_python(said)
        if whole.key != key or identity_slug(whole.probe) != slug:
            raise BrokenRecord(f"{name} belongs to another trial or probe")
        return whole
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenRecord(f"{name} cannot be read: {str(error).splitlines()[0]}") from None
