"""What is known of a model without training it, kept beside the records so that planning again needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ceteris.errors import InputError
from ceteris.store.atomic import write_atomically
from ceteris.store.records import read_json
from ceteris.study.keys import sha256_of
from ceteris.study.record import DataFacts, ModelFacts, Record

_FACTS = TypeAdapter(ModelFacts)
GUESSED_FLOPS, GUESSED_STEP_SECONDS = 55e9, 0.004
"""Of one core: operations per second, and what a step costs however small the network; for a first guess."""


class KnownFacts:
    """Model sizes and measured speeds, one small file per (model, image shape, classes). A cache, never the truth.

    What does not match its sha256 is counted and measured again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, recipe: Mapping[str, Any], data: DataFacts) -> ModelFacts:
        """Parameters, MACs and layer table; builds the model on the meta device when it was never seen.

        Raises InputError when the model cannot be built for such images.
        """
        known = self._read(recipe, data)
        try:
            known["facts"]["training_macs"]  # earlier versions did not count them
            return _FACTS.validate_python(known["facts"])
        except (KeyError, TypeError, ValidationError):
            facts = _count(recipe, data)
            self._write(recipe, data, known | {"facts": asdict(facts)})
            return facts

    def speed(self, recipe: Mapping[str, Any], data: DataFacts) -> float | None:
        """Training images per second of one trial, as last measured here."""
        speed = self._read(recipe, data).get("images_per_second")
        return float(speed) if speed else None

    def learn(self, record: Record) -> None:
        """Remember how fast a trial was."""
        if record.cost and record.cost.images_per_second > 0:
            known = self._read(record.recipe, record.data)
            speed = {"images_per_second": record.cost.images_per_second}
            self._write(record.recipe, record.data, known | speed)

    def _file(self, recipe: Mapping[str, Any], data: DataFacts) -> Path:
        shape = {"size": data.image_size, "channels": data.channels, "classes": len(data.classes)}
        return self.folder / f"{sha256_of({'model': recipe['model'], **shape})}.json"

    def _read(self, recipe: Mapping[str, Any], data: DataFacts) -> dict[str, Any]:
        kept = read_json(self._file(recipe, data))
        known = kept.get("known") if isinstance(kept, dict) else None
        return known if isinstance(known, dict) and kept.get("sha256") == sha256_of(known) else {}

    def _write(self, recipe: Mapping[str, Any], data: DataFacts, known: Mapping[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"known": known, "sha256": sha256_of(known)}).encode()
            write_atomically(self._file(recipe, data), content)
        except OSError:
            return  # a plan can be looked at without a store that can be written


def predicted_seconds(recipe: Mapping[str, Any], images: int, model: ModelFacts, speed: float | None) -> float:
    """Training time of one trial at its measured speed, or guessed: backward costs twice the forward pass."""
    passes = images * int(recipe["epochs"])
    if speed:
        return passes / speed
    flops = passes * (model.training_macs or model.macs) * 2 * 3
    return flops / GUESSED_FLOPS + passes / int(recipe["batch_size"]) * GUESSED_STEP_SECONDS


def training_images(recipe: Mapping[str, Any], data: DataFacts) -> int:
    """Images trained on in an epoch: of those used, the part that is not for validation."""
    used = min(int(recipe["split"]["train_images"] or data.train_images), data.train_images)
    return used - round(used * float(recipe["split"]["validation"]))


def _count(recipe: Mapping[str, Any], data: DataFacts) -> ModelFacts:
    import torch

    from ceteris.engine.setup import build_model
    from ceteris.models.counting import count, training_macs

    size = (data.channels, data.image_size)
    try:
        with torch.device("meta"):
            model = build_model(recipe, data)
            return replace(count(model, *size), training_macs=training_macs(model, *size))
    except InputError:
        raise
    except (ValueError, RuntimeError, TypeError) as error:
        shown = f"{data.channels}x{data.image_size}x{data.image_size}"
        raise InputError(f"model {recipe['model']['name']!r} cannot be built for {shown} images: {error}") from None
