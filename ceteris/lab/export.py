"""A trained network out of the store, as files that other programs read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ceteris.errors import InputError, Problem
from ceteris.store.atomic import write_atomically
from ceteris.store.files import WEIGHTS, sha256
from ceteris.store.records import Store
from ceteris.study.reading import write_recipe
from ceteris.study.record import DataFacts, Record
from ceteris.version import VERSION

if TYPE_CHECKING:
    from ceteris.engine.onnx import Graph

RECIPE, ONNX, CARD = "recipe.yaml", "model.onnx", "model.json"


@dataclass(frozen=True)
class Exported:
    """Files by name, with what each is; and why there is no ONNX graph, if there is none."""

    files: dict[str, str]
    without_onnx: str = ""


def export(store: Store, key: str, folder: Path, *, onnx: bool | None = None) -> Exported:
    """Write a trial's weights, its recipe and what a program must know to use them; and an ONNX graph.

    Args:
        store, key: the trial.
        folder: new, or empty.
        onnx: with a graph (True), without (False), or with one if that can be (None).

    Raises InputError when the trial has no weights, the folder is not empty or cannot be written to, or a graph that
    is asked for cannot be made; nothing has been written then.
    """
    record = store.get(key, weights=True)
    if not record.weights:
        raise InputError(f"trial {key[:12]} has no weights: its status is {record.status}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(Problem("is not an empty folder", str(folder), "choose another one"))
    graph, reason = _graph(record, onnx)
    weights = (store.folder(key) / WEIGHTS).read_bytes()
    files = {
        WEIGHTS: _File(weights, "parameters and buffers, by torch's names"),
        RECIPE: _File(_recipe(record), "everything that decided the numbers, to put under `baseline:` in a study"),
    }
    if graph:
        files[ONNX] = _File(graph.content, _what_it_takes(graph, record.data))
    files[CARD] = _File(_card(record, files), "classes, normalisation, scores, and the hash of each file")
    _write(folder, files)
    return Exported({name: file.what for name, file in files.items()}, reason)


@dataclass(frozen=True)
class _File:
    content: bytes
    what: str


def _graph(record: Record, wanted: bool | None) -> tuple[Graph | None, str]:
    """The graph, or None and why."""
    if wanted is False:
        return None, ""
    from ceteris.engine.onnx import missing_libraries, to_onnx

    try:
        if missing := missing_libraries():
            what = f"ONNX needs {', '.join(missing)}"
            raise InputError(Problem(what, hint=f"`pip install {' '.join(missing)}`"))
        return to_onnx(record), ""
    except InputError as error:
        if wanted:
            raise
        return None, str(error)


def _what_it_takes(graph: Graph, data: DataFacts) -> str:
    images, classes = f"[n, {data.image_size}, {data.image_size}, {data.channels}]", f"[n, {len(data.classes)}]"
    within = f"within {graph.apart:.1g} of the network's own on {graph.images} images"
    return f"uint8 images {images} -> logits and probabilities {classes}; {within}"


def _recipe(record: Record) -> bytes:
    scores = ", ".join(f"{name} {value:.4f}" for name, value in record.metrics.items())
    lines = [
        f"# Trial {record.key}",
        f"# of ceteris {VERSION}: seed {record.seed}, epoch {record.chosen_epoch}, {scores}",
        f"# data: fingerprint {record.data.fingerprint}",
        write_recipe(record.recipe),
    ]
    return "\n".join(lines).encode()


def _card(record: Record, files: Mapping[str, _File]) -> bytes:
    """What a program must know to use the weights, and a reader to trust them."""
    data, colours = record.data, "grey" if record.data.channels == 1 else "RGB"
    said = {
        "key": record.key,
        "seed": record.seed,
        "model": record.recipe["model"],
        "data": {"name": data.name, "fingerprint": data.fingerprint, "official": data.official},
        "classes": list(data.classes),
        "images": f"upright, the centre square, resized by Pillow's bilinear filter; 8 bits, {colours}",
        "image_size": data.image_size,
        "channels": data.channels,
        "normalize": {name: list(values) for name, values in record.normalize.items()},
        "chosen_epoch": record.chosen_epoch,
        "metrics": dict(record.metrics),
        "environment": dict(record.environment),
        "files": {
            name: {"what": file.what, "sha256": sha256(file.content), "bytes": len(file.content)}
            for name, file in files.items()
        },
    }
    return (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode()


def _write(folder: Path, files: Mapping[str, _File]) -> None:
    """All of them, or none: half an export would look like one, and stand in the way of the next."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            write_atomically(folder / name, file.content)
    except BaseException as error:
        for name in files:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        if isinstance(error, OSError):
            raise InputError(Problem(f"cannot be written: {error.strerror}", str(folder))) from None
        raise
