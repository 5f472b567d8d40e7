"""How large a model is: trainable parameters, multiply-accumulates and the layer table."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, _FlopCounterMode

from ceteris.study.record import Layer, ModelFacts


def count(model: nn.Module, channels: int, image_size: int) -> ModelFacts:
    """Count a model by sending one image of zeros [1, channels, image_size, image_size] through it.

    On the meta device nothing is computed and the result is the same. The model is left as it was: its mode, no
    gradients and hooks last only as long as the count.

    The layer table has one row per call of a module without children, in the order of execution. Parameters stand in
    the row of the first call that uses them. MACs are those of convolutions and matrix products
    (`torch.utils.flop_counter`, two floating-point operations each).
    """
    parameters = list(model.parameters())
    like = parameters[0] if parameters else torch.zeros(())
    image = torch.zeros(1, channels, image_size, image_size, device=like.device, dtype=like.dtype)
    with torch.no_grad(), _evaluating(model), _counter() as counter, _recording(model, counter) as layers:
        model(image)
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    return ModelFacts(trainable, counter.get_total_flops() // 2, tuple(layers))


def training_macs(model: nn.Module, channels: int, image_size: int) -> int | None:
    """MACs of one image in training, forward, of a model on the meta device that is only counted and never trained.

    Two images go through it, as batch norm needs two; what it remembers of its training has then begun. None where
    training cannot be run without numbers.
    """
    with torch.no_grad(), _counter() as counter:
        try:
            model.train()(torch.empty(2, channels, image_size, image_size, device="meta"))
        except Exception:  # whatever a model of the user's asks of numbers that are not there
            return None
    return int(counter.get_total_flops()) // 4


@contextlib.contextmanager
def _counter() -> Iterator[FlopCounterMode]:
    """Counts inside, without the wrapper that would import the compiler of `torch.compile`: most of a second."""
    wrapped = _FlopCounterMode.__torch_dispatch__
    _FlopCounterMode.__torch_dispatch__ = inspect.unwrap(wrapped)  # type: ignore[method-assign]
    try:
        with FlopCounterMode(display=False) as counter:
            yield counter
    finally:
        _FlopCounterMode.__torch_dispatch__ = wrapped  # type: ignore[method-assign]


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextlib.contextmanager
def _recording(model: nn.Module, counter: FlopCounterMode) -> Iterator[list[Layer]]:
    layers: list[Layer] = []
    counted: set[nn.Parameter] = set()
    flops_before = 0

    def enter(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal flops_before
        flops_before = counter.get_total_flops()

    def leave(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        own = {p for p in module.parameters() if p.requires_grad} - counted
        counted.update(own)
        layers.append(
            Layer(
                name=names[module],
                kind=_kind(module),
                input_shape=_shape(inputs),
                output_shape=_shape(output),
                parameters=sum(p.numel() for p in own),
                macs=(counter.get_total_flops() - flops_before) // 2,
            )
        )

    names = {module: name for name, module in model.named_modules() if not any(module.children())}
    hooks = [module.register_forward_pre_hook(enter) for module in names]
    hooks += [module.register_forward_hook(leave) for module in names]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _kind(module: nn.Module) -> str:
    """The class of torch's that it is or is made from; its own class where that says nothing."""
    own = next(kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn"))
    return type(module).__name__ if own is nn.Module else own.__name__


def _shape(value: Any) -> tuple[int, ...]:
    """Of a tensor, or of the first one in a tuple, without the batch."""
    if isinstance(value, tuple):
        return _shape(value[0]) if value else ()
    return tuple(value.shape[1:]) if isinstance(value, torch.Tensor) else ()
