"""A record as files, and back: each file's bytes are named with their hash in `record.json`."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from ceteris.study.keys import canonical_json
from ceteris.study.record import Cost, DataFacts, Epoch, ModelFacts, Record, Status

FORMAT = 1
RECORD, EPOCHS, STEPS, PREDICTIONS, EXAMPLES, WEIGHTS, LOG = (
    "record.json", "epochs.jsonl", "steps.npz", "predictions.npz", "examples.npz", "weights.safetensors", "log.txt"
)  # fmt: skip
_DATA, _MODEL, _COST = TypeAdapter(DataFacts), TypeAdapter(ModelFacts | None), TypeAdapter(Cost | None)
_EPOCH = TypeAdapter(Epoch)


class BrokenRecord(Exception):
    """A record's files do not say what was written; the message names the file."""


def sha256(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def pack(record: Record) -> dict[str, bytes]:
    """Every file of a record by name; `record.json`, which names the others, is the last."""
    files = {EPOCHS: _pack_epochs(record.epochs)}
    for name, arrays in ((STEPS, record.steps), (PREDICTIONS, record.predictions), (EXAMPLES, record.examples)):
        if arrays:
            files[name] = _pack_arrays(arrays)
    if record.weights:
        files[WEIGHTS] = save_tensors({name: np.asarray(array, order="C") for name, array in record.weights.items()})
    if record.log:
        files[LOG] = record.log.encode()
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
    """`record.json`, checked against its own hash. Raises BrokenRecord."""
    try:
        said: dict[str, Any] = json.loads(content)
        claimed = said.pop("sha256")
        if sha256(canonical_json(said).encode()) != claimed:
            raise BrokenRecord(f"{RECORD} does not match its own sha256")
        if said["format"] != FORMAT:
            raise BrokenRecord(f"{RECORD} has format {said['format']}, this version reads {FORMAT}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenRecord(f"{RECORD} cannot be read: {error}") from None
    return said


def unpack(said: Mapping[str, Any], read: Callable[[str], bytes], *, weights: bool) -> Record:
    """The Record that `record.json` describes.

    Args:
        said: from `read_statement`.
        read: file name -> bytes, already verified.
        weights: read them too; they are most of a record's bytes, and a report does not need them.

    Raises BrokenRecord.
    """
    names = said["files"]
    arrays = {name: _unpack_arrays(read(name)) if name in names else {} for name in (STEPS, PREDICTIONS, EXAMPLES)}
    try:
        return Record(
            key=said["key"],
            status=Status(said["status"]),
            reason=said["reason"],
            recipe=said["recipe"],
            seed=said["seed"],
            data=_DATA.validate_python(said["data"]),
            model=_MODEL.validate_python(said["model"]),
            normalize=said["normalize"],
            environment=said["environment"],
            epochs=_unpack_epochs(read(EPOCHS)),
            chosen_epoch=said["chosen_epoch"],
            metrics=said["metrics"],
            cost=_COST.validate_python(said["cost"]),
            steps=arrays[STEPS],
            predictions=arrays[PREDICTIONS],
            examples=arrays[EXAMPLES],
            weights=load_tensors(read(WEIGHTS)) if weights and WEIGHTS in names else {},
            log=read(LOG).decode(errors="replace") if LOG in names else "",
        )
    except (KeyError, TypeError, ValueError, ValidationError, SafetensorError) as error:
        raise BrokenRecord(f"{RECORD} cannot be read: {error}") from None


def _pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpack_arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _pack_epochs(epochs: tuple[Epoch, ...]) -> bytes:
    rows = [{name: _finite_or_text(value) for name, value in asdict(row).items()} for row in epochs]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _unpack_epochs(content: bytes) -> tuple[Epoch, ...]:
    rows = [json.loads(line) for line in content.splitlines()]
    return tuple(_EPOCH.validate_python(row) for row in rows)


def _finite_or_text(value: Any) -> Any:
    """JSON has no NaN and no infinity: they stand as "nan" and "inf"."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
