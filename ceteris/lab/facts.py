"""What is known of a model without training it, kept beside the records so that planning again needs no torch."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ceteris.errors import InputError
from ceteris.lab.likely import kind_of
from ceteris.store.atomic import write_atomically
from ceteris.study.keys import sha256_of
from ceteris.study.record import DataFacts, ModelFacts, Record

_FACTS = TypeAdapter(ModelFacts)
GUESSED_FLOPS = {"cpu": 55e9, "mps": 1e12, "cuda": 3e13}
GUESSED_STEP_SECONDS = {"cpu": 0.004, "mps": 0.004, "cuda": 0.001}
"""Of one core or one accelerator: operations per second, and what a step costs however small the network; for a first
guess."""
SMALL_STEP = 128 * 30e6
"""Multiply-adds of a step's forward pass. Up to here several trials on one card were measured to be faster together."""
TOGETHER = 2.0
"""Times as fast as one after another are several such trials taken to be, where none was measured (two to three times:
docs/results/many-on-one-gpu.md)."""


class KnownFacts:
    """Model sizes and measured speeds, one small file per (model, image shape, classes). A cache, never the truth.

    What does not match its sha256 is counted and measured again. Speeds are those of one kind of device and one
    precision; an accelerator has others for trials that share it, and for those that are compiled.
    """

    def __init__(
        self, folder: Path, device: str | None = None, at_a_time: int | None = None, *, compiled: bool = False
    ) -> None:
        """With the speeds on such a device, by default the one that a run would take.

        On an accelerator they are those of one trial among so many at a time, by default of one alone, compiled or not.
        Raises InputError for a device of no known kind.
        """
        self.folder, self.device = folder, kind_of(device)
        self._at_a_time, self._compiled = 1 if self.device == "cpu" else at_a_time or 1, compiled

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

    def speeds(self, recipe: Mapping[str, Any], data: DataFacts) -> dict[str, float]:
        """Training images per second of one trial by the way in which it was trained, as last measured here."""
        return _speeds(self._read(recipe, data))

    def seconds(self, recipe: Mapping[str, Any], data: DataFacts, model: ModelFacts) -> tuple[float, str]:
        """Predicted training time of one trial, and what that is from: "records" or "guess".

        Where none was trained in just this way, one beside other trials is told from one alone or the other way round,
        and one that is compiled from one that is not; one in another precision says nothing.
        """
        speeds, beside_others = self.speeds(recipe, data), self._at_a_time > 1
        ways = itertools.product((beside_others, not beside_others), (self._compiled, not self._compiled))
        named = ((shared, _way(self.device, recipe["precision"], compiled, shared)) for shared, compiled in ways)
        shared, speed = next(((shared, speeds[way]) for shared, way in named if way in speeds), (False, None))
        seconds = predicted_seconds(recipe, training_images(recipe, data), model, speed, self.device)
        if beside_others and not shared:
            seconds *= max(1.0, self._at_a_time / (TOGETHER if is_small(recipe, model) else 1.0))
        return seconds, "records" if speed else "guess"

    def learn(self, record: Record) -> None:
        """Remember how fast a trial was."""
        if record.cost and record.cost.images_per_second > 0:
            known, device = self._read(record.recipe, record.data), record.environment.get("device", "cpu")
            kind = device if device in ("cpu", "mps") else "cuda"  # a CUDA device is recorded by its own name
            compiled, shared = record.environment.get("compiled", False), record.cost.shared_machine and kind != "cpu"
            way = _way(kind, record.recipe["precision"], compiled, shared)
            speeds = _speeds(known) | {way: record.cost.images_per_second}
            self._write(record.recipe, record.data, known | {"speeds": speeds})

    def _file(self, recipe: Mapping[str, Any], data: DataFacts) -> Path:
        shape = {"size": data.image_size, "channels": data.channels, "classes": len(data.classes)}
        return self.folder / f"{sha256_of({'model': recipe['model'], **shape})}.json"

    def _read(self, recipe: Mapping[str, Any], data: DataFacts) -> dict[str, Any]:
        try:
            kept = json.loads(self._file(recipe, data).read_bytes())
        except (OSError, ValueError):
            return {}
        known = kept.get("known") if isinstance(kept, dict) else None
        return known if isinstance(known, dict) and kept.get("sha256") == sha256_of(known) else {}

    def _write(self, recipe: Mapping[str, Any], data: DataFacts, known: Mapping[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"known": known, "sha256": sha256_of(known)}).encode()
            write_atomically(self._file(recipe, data), content)
        except OSError:
            return  # a plan can be looked at without a store that can be written


def is_small(recipe: Mapping[str, Any], model: ModelFacts) -> bool:
    """Whether a training step leaves most of a large card idle."""
    return model.macs * int(recipe["batch_size"]) <= SMALL_STEP


def _speeds(known: Mapping[str, Any]) -> dict[str, float]:
    speeds = known.get("speeds")
    return speeds if isinstance(speeds, dict) else {}


def _way(kind: str, precision: str, compiled: bool, shared: bool) -> str:
    """The name under which the speeds are kept that trials of one model have in common."""
    marks = {"compiled": compiled, "shared": shared}
    return ", ".join([kind, precision, *(mark for mark, so in marks.items() if so)])


def predicted_seconds(
    recipe: Mapping[str, Any], images: int, model: ModelFacts, speed: float | None, device: str
) -> float:
    """Training time of one trial at its measured speed, or guessed: backward costs twice the forward pass."""
    passes = images * int(recipe["epochs"])
    if speed:
        return passes / speed
    flops = passes * model.macs_while_training * 2 * 3
    return flops / GUESSED_FLOPS[device] + passes / int(recipe["batch_size"]) * GUESSED_STEP_SECONDS[device]


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
