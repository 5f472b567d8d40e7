"""A record as files, and back: each file's bytes are named with their hash in `record.json`."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from ceteris.study.keys import canonical_json, sha256_of_json
from ceteris.study.record import Cost, DataFacts, Epoch, ModelFacts, Record, Status

FORMAT = 1
RECORD, EPOCHS, STEPS, PREDICTIONS, EXAMPLES, WEIGHTS, LOG = (
    "record.json", "epochs.jsonl", "steps.npz", "predictions.npz", "examples.npz", "weights.safetensors", "log.txt"
)  # fmt: skip
FILES = {EPOCHS, STEPS, PREDICTIONS, EXAMPLES, WEIGHTS, LOG}
_EPOCH = TypeAdapter(Epoch)
Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class _File:
    sha256: str
    bytes: int


@dataclass(frozen=True)
class _Statement:
    key: str
    status: Status
    reason: str
    seed: int
    recipe: dict[str, Any]
    data: DataFacts
    model: ModelFacts | None
    normalize: dict[str, list[float]]
    environment: dict[str, Any]
    chosen_epoch: int
    metrics: dict[str, float]
    cost: Cost | None
    files: dict[str, _File]


_STATEMENT = TypeAdapter(_Statement)


class BrokenRecord(Exception):
    """A record's files do not say what was written; the message names the file.

    It is one line: control characters that stand in the record are shown as escapes.
    """

    def __init__(self, what: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in what))


def sha256(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def pack(record: Record) -> dict[str, bytes]:
    """Every file of a record by name; `record.json`, which names the others, is the last."""
    files = {EPOCHS: _pack_epochs(record.epochs)}
    for name, arrays in ((STEPS, record.steps), (PREDICTIONS, record.predictions), (EXAMPLES, record.examples)):
        if arrays:
            files[name] = pack_arrays(arrays)
    if record.weights:
        files[WEIGHTS] = save_tensors({name: np.asarray(array, order="C") for name, array in record.weights.items()})
    if record.log:
        files[LOG] = record.log.encode(errors="backslashreplace")
    said = {
        "format": FORMAT,
        "key": record.key,
        "status": str(record.status),
        "reason": record.reason,
        "seed": record.seed,
        "recipe": dict(record.recipe),
        "data": asdict(record.data),
        "model": asdict(record.model) if record.model else None,
        "normalize": {name: list(values) for name, values in record.normalize.items()},
        "environment": dict(record.environment),
        "chosen_epoch": record.chosen_epoch,
        "metrics": dict(record.metrics),
        "cost": asdict(record.cost) if record.cost else None,
        "files": {name: {"sha256": sha256(content), "bytes": len(content)} for name, content in files.items()},
    }
    said["sha256"] = sha256(canonical_json(said).encode())
    return files | {RECORD: json.dumps(said, indent=1).encode()}


def read_statement(content: bytes) -> dict[str, Any]:
    """`record.json`, checked against its own hash and for having every field. Raises BrokenRecord."""
    try:
        said: dict[str, Any] = json.loads(content)
        claimed = said.pop("sha256")
        if sha256_of_json(said) != claimed:
            raise BrokenRecord(f"{RECORD} does not match its own sha256")
        if said["format"] != FORMAT:
            raise BrokenRecord(f"{RECORD} has format {said['format']}, this version reads {FORMAT}")
        unknown = set(_STATEMENT.validate_python(said).files) - FILES
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BrokenRecord(f"{RECORD} cannot be read: {where}: {first['msg']}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenRecord(f"{RECORD} cannot be read: {error}") from None
    if unknown:
        raise BrokenRecord(f"{RECORD} names files that no record has: {', '.join(map(repr, sorted(unknown)))}")
    return said


def unpack(said: Mapping[str, Any], read: Callable[[str], bytes], *, weights: bool) -> Record:
    """The Record that `record.json` describes; `read` gives the verified bytes of a file by its name.

    `weights` are most of a record's bytes, and a report does not need them. Raises BrokenRecord naming the file.
    """
    whole = _STATEMENT.validate_python(said)

    def parsed(name: str, parse: Callable[[bytes], Parsed], absent: Parsed) -> Parsed:
        if name not in whole.files:
            return absent
        content = read(name)
        try:
            return parse(content)
        except Exception as error:  # numpy, zipfile, zlib, json, pydantic and safetensors: each has its own
            raise BrokenRecord(f"{name} cannot be read: {error}") from None

    return Record(
        key=whole.key,
        status=whole.status,
        reason=whole.reason,
        recipe=whole.recipe,
        seed=whole.seed,
        data=whole.data,
        model=whole.model,
        normalize=whole.normalize,
        environment=whole.environment,
        epochs=parsed(EPOCHS, _unpack_epochs, ()),
        chosen_epoch=whole.chosen_epoch,
        metrics=whole.metrics,
        cost=whole.cost,
        steps=parsed(STEPS, unpack_arrays, {}),
        predictions=parsed(PREDICTIONS, unpack_arrays, {}),
        examples=parsed(EXAMPLES, unpack_arrays, {}),
        weights=parsed(WEIGHTS, load_tensors, {}) if weights else {},
        log=parsed(LOG, lambda content: content.decode(errors="replace"), ""),
    )


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as one compressed .npz; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def unpack_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Back from the bytes of a .npz; what numpy, zipfile and zlib raise is the caller's to catch."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds something that is not an array")
    return arrays


def _pack_epochs(epochs: tuple[Epoch, ...]) -> bytes:
    rows = [{name: _finite_or_text(value) for name, value in asdict(row).items()} for row in epochs]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _unpack_epochs(content: bytes) -> tuple[Epoch, ...]:
    rows = [json.loads(line) for line in content.splitlines()]
    return tuple(_EPOCH.validate_python(row) for row in rows)


def _finite_or_text(value: Any) -> Any:
    """JSON has no NaN and no infinity: they stand as "nan" and "inf"."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
