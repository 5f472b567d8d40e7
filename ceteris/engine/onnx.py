"""A trained network as an ONNX graph that takes images as they are decoded, for programs without torch."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ceteris.engine.classify import trained_model
from ceteris.errors import InputError, Problem
from ceteris.study.record import Record
from ceteris.study.streams import stream

LIBRARIES = ("onnx", "onnxscript", "onnxruntime")
"""That torch needs to write a graph, and we to run it."""
IMAGES, LOGITS, PROBABILITIES = "images", "logits", "probabilities"
OPSET = 18
DRAWN_IMAGES, MOST_APART = 8, 1e-4
"""Images of noise on which the graph is run, beside the record's examples; how far its probabilities may be off."""


@dataclass(frozen=True)
class Graph:
    """An ONNX model's bytes, and how far its probabilities are from the network's own on so many images."""

    content: bytes
    images: int
    apart: float


def missing_libraries() -> list[str]:
    """Those of `LIBRARIES` that are not installed."""
    return [name for name in LIBRARIES if importlib.util.find_spec(name) is None]


def to_onnx(record: Record) -> Graph:
    """The record's network with its weights, checked against it.

    uint8 [n, size, size, channels] -> logits and probabilities float32 [n, classes], in fp32 whatever the recipe's
    precision; normalisation is part of the graph. Raises InputError as `trained_model`, when torch cannot write the
    network as a graph, and when the graph gives other probabilities. Needs `LIBRARIES`.
    """
    network = _Classifier(trained_model(record), record).eval()
    images = _images_to_try(record)
    content = _written(network, images[:2], record)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(images))[1].numpy()
    apart = float(np.abs(_run(content, images) - wanted).max())
    if not apart <= MOST_APART:
        what = f"the ONNX graph of {record.key[:12]} gives probabilities that are {apart:.2g} off the network's own"
        raise InputError(Problem(what, hint=f"at most {MOST_APART} is taken for the same; `--no-onnx` does without"))
    return Graph(content, len(images), apart)


class _Classifier(nn.Module):
    """A network between its normalisation and the softmax."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, network: nn.Module, record: Record) -> None:
        super().__init__()
        self.network = network
        mean, std = (torch.tensor(list(record.normalize[name]), dtype=torch.float64) for name in ("mean", "std"))
        self.register_buffer("scale", (1 / (255 * std)).float())
        self.register_buffer("shift", (-mean / std).float())

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = (images.float() * self.scale + self.shift).permute(0, 3, 1, 2)
        logits = self.network(inputs)
        return logits, logits.softmax(1)


def _images_to_try(record: Record) -> np.ndarray:
    """uint8 [n, size, size, channels]"""
    size, channels = record.data.image_size, record.data.channels
    drawn = stream(record.seed, "onnx").integers(0, 256, (DRAWN_IMAGES, size, size, channels), dtype=np.uint8)
    return np.concatenate([record.examples["pixels"], drawn]) if record.examples else drawn


def _written(network: nn.Module, images: np.ndarray, record: Record) -> bytes:
    try:
        with _quiet():
            program: Any = torch.onnx.export(
                network,
                (torch.from_numpy(images),),
                input_names=[IMAGES],
                output_names=[LOGITS, PROBABILITIES],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
            content: bytes = program.model_proto.SerializeToString()
    except Exception as error:  # of torch, of what it writes with, or of a network of the user's own
        raise InputError(_problem(f"torch cannot write {record.recipe['model']['name']} as", error)) from None
    return content


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Torch's exporter warns about itself, and shows pages of graphs before it says what it cannot write."""
    before, nowhere = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _run(content: bytes, images: np.ndarray) -> np.ndarray:
    """Probabilities float32 [n, classes] by ONNX Runtime."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        probabilities: np.ndarray = session.run([PROBABILITIES], {IMAGES: images})[0]
    except Exception as error:  # its errors have no class in common
        raise InputError(_problem("ONNX Runtime cannot run", error)) from None
    return probabilities


def _problem(what: str, error: Exception) -> Problem:
    """The first line of what the library says, which may be pages."""
    cause = error.__cause__ or error
    reason = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
    return Problem(f"{what} an ONNX graph: {reason}", hint="`--no-onnx` exports the rest")
