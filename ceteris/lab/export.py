"""A trained network out of the store, as files that other programs read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceteris.errors import InputError, Problem
from ceteris.store.atomic import write_atomically
from ceteris.store.files import WEIGHTS, sha256
from ceteris.store.records import Store
from ceteris.study.reading import write_recipe
from ceteris.study.record import Record
from ceteris.version import VERSION

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
    size, channels, classes = record.data.image_size, record.data.channels, len(record.data.classes)
    content = {
        WEIGHTS: (store.folder(key) / WEIGHTS).read_bytes(),
        RECIPE: _recipe(record).encode(),
    }
    said = {
        WEIGHTS: "parameters and buffers, by torch's names",
        RECIPE: "everything that decided the numbers, to put under `baseline:` in a study",
    }
    graph, reason = _graph(record, onnx)
    if graph:
        content[ONNX] = graph.content
        said[ONNX] = (
            f"uint8 images [n, {size}, {size}, {channels}] -> logits and probabilities [n, {classes}]; "
            f"within {graph.apart:.1g} of the network's own on {graph.images} images"
        )
    files = {name: {"what": said[name], "sha256": sha256(its), "bytes": len(its)} for name, its in content.items()}
    card = {**_card(record), "files": files}
    content[CARD] = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
    said[CARD] = "classes, normalisation, scores, and the hash of each file"
    _write(folder, content)
    return Exported(said, reason)


def _graph(record: Record, wanted: bool | None) -> tuple[Any, str]:
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


def _recipe(record: Record) -> str:
    scores = ", ".join(f"{name} {value:.4f}" for name, value in record.metrics.items())
    return "\n".join(
        [
            f"# Trial {record.key}",
            f"# of ceteris {VERSION}: seed {record.seed}, epoch {record.chosen_epoch}, {scores}",
            f"# data: fingerprint {record.data.fingerprint}",
            write_recipe(record.recipe),
        ]
    )


def _card(record: Record) -> dict[str, Any]:
    """What a program must know to use the weights, and a reader to trust them."""
    colours = "grey" if record.data.channels == 1 else "RGB"
    return {
        "key": record.key,
        "seed": record.seed,
        "model": record.recipe["model"],
        "data": {"name": record.data.name, "fingerprint": record.data.fingerprint, "official": record.data.official},
        "classes": list(record.data.classes),
        "images": f"upright, the centre square, resized by Pillow's bilinear filter; 8 bits, {colours}",
        "image_size": record.data.image_size,
        "channels": record.data.channels,
        "normalize": {name: list(values) for name, values in record.normalize.items()},
        "chosen_epoch": record.chosen_epoch,
        "metrics": dict(record.metrics),
        "environment": dict(record.environment),
    }


def _write(folder: Path, content: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, its in content.items():
            write_atomically(folder / name, its)
    except OSError as error:
        raise InputError(Problem(f"cannot be written: {error.strerror}", str(folder))) from None
