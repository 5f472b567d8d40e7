"""Torch's side of the named streams: initial parameters, and what can only draw from torch's own generators."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from ceteris.errors import InputError, Problem
from ceteris.study.streams import stream_bits


@contextlib.contextmanager
def drawing_from(seed: int, name: str, device: str = "cpu") -> Iterator[None]:
    """Inside, torch's default generators start at that stream; outside they are as they were."""
    kind = torch.device(device)
    bits = stream_bits(seed, name)
    before = generator_states(kind)
    try:
        torch.default_generator.manual_seed(bits)
        if kind.type == "cuda":
            torch.cuda.default_generators[kind.index or 0].manual_seed(bits)
        elif kind.type == "mps":
            torch.mps.manual_seed(bits & 0x7FFF_FFFF)
        yield
    finally:
        restore_generators(before, kind)


def generator_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Where torch's default generators stand, uint8: that of the CPU, and the device's if it has its own."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_generators(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Put them back to where they stood."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def initialise(model: nn.Module, seed: int) -> None:
    """Draw every parameter from its own stream `init/<parameter name>`, in place, on the CPU.

    A module draws all its parameters at once in `reset_parameters`; it is called once for each of them and only that
    one is kept. So two models share the bits of every parameter that they share by name and shape, and adding a
    layer, or a bias, moves no other parameter. Raises InputError for a module that cannot draw its parameters again.
    """
    drawn: dict[torch.Tensor, torch.Tensor] = {}
    for path, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
        if own and reset is None:
            what = f"{type(module).__name__} {path!r} owns parameters but has no reset_parameters"
            raise InputError(Problem(what, hint="add one that draws them, so that each can come from its own stream"))
        for name, parameter in own.items():
            with drawing_from(seed, f"init/{path}.{name}" if path else f"init/{name}"):
                reset()  # type: ignore[misc]
            drawn[parameter] = parameter.detach().clone()
    with torch.no_grad():
        for parameter, value in drawn.items():
            parameter.copy_(value)
