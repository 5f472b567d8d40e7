"""The activation functions of a study's arms and their derivatives, from their closed formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ceteris.report.drawing import Drawing, Panel
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.figures.labels import apart
from ceteris.report.palette import look
from ceteris.report.words import Words
from ceteris.study.paths import value_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = tuple[np.ndarray, np.ndarray]
"""A function's values and its derivative's, both float64 [n]."""

REACH = 5.0
POINTS = 401
SLOPE = 0.01
"""Of the leaky ReLU below 0."""


def _sigmoid(x: np.ndarray) -> Curve:
    y = 1 / (1 + np.exp(-x))
    return y, y * (1 - y)


def _tanh(x: np.ndarray) -> Curve:
    y = np.tanh(x)
    return y, 1 - y**2


def _relu(x: np.ndarray) -> Curve:
    return np.maximum(x, 0), (x > 0).astype(float)


def _leaky_relu(x: np.ndarray) -> Curve:
    slope = np.where(x > 0, 1.0, SLOPE)
    return slope * x, slope


def _gelu(x: np.ndarray) -> Curve:
    from scipy.special import ndtr

    share = ndtr(x)
    return x * share, share + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def _silu(x: np.ndarray) -> Curve:
    gate, change = _sigmoid(x)
    return x * gate, gate + x * change


def _mish(x: np.ndarray) -> Curve:
    gate, change = _tanh(np.logaddexp(0, x))
    return x * gate, gate + x * change * _sigmoid(x)[0]


FORMULAS: Mapping[str, Callable[[np.ndarray], Curve]] = {
    "sigmoid": _sigmoid,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "tanh": _tanh,
}
"""gelu by the normal distribution function (Hendrycks & Gimpel 2016), silu (Elfwing et al. 2018), mish (Misra 2019)."""


def activations(evidence: Evidence, words: Words) -> Drawing | None:
    """Functions and derivatives from -5 to 5, each in the look of the first arm that has it; None without any."""
    arms: dict[str, ArmEvidence] = {}
    for arm in evidence.arms:
        name = value_at(arm.planned.recipe, "model.activation")
        if name in FORMULAS:
            arms.setdefault(name, arm)
    if not arms:
        return None
    x = np.linspace(-REACH, REACH, POINTS)
    curves = {name: FORMULAS[name](x) for name in arms}
    slopes = [words("activations.slope", name=name, slope=f"{of[1].max():.2f}") for name, of in curves.items()]
    titles = (words("activations.function"), words("activations.derivative"))
    return Drawing(
        name="activations",
        panels=tuple(
            _panel(x, {n: of[which] for n, of in curves.items()}, arms, title) for which, title in enumerate(titles)
        ),
        columns=2,
        caption=words("activations.caption", slopes=words("list.arm").join(slopes)),
        alt=words("activations.alt"),
        data=[
            {"activation": name, "x": float(at), "value": float(value), "derivative": float(slope)}
            for name, of in curves.items()
            for at, value, slope in zip(x, *of, strict=True)
        ],
    )


def _panel(x: np.ndarray, curves: Mapping[str, np.ndarray], arms: Mapping[str, ArmEvidence], title: str) -> Panel:
    def draw(axes: Axes) -> None:
        for name, y in curves.items():
            drawn = look(arms[name].index)
            axes.plot(x, y, color=drawn.colour, linestyle=drawn.linestyle, linewidth=1.8)
        low, high = axes.get_ylim()
        ends = sorted((float(y[-1]), arms[name].index, name) for name, y in curves.items())
        for (_, index, name), height in zip(ends, apart([end for end, *_ in ends], 0.09 * (high - low)), strict=True):
            style = {"fontsize": 8, "color": look(index).colour, "weight": "bold"}
            across = axes.get_yaxis_transform()
            axes.text(1.02, height, name, transform=across, va="center", **style)  # type: ignore[arg-type]

    return Panel(4.55, 2.6, (0.45, 1.0, 0.35, 0.32), draw, title)
