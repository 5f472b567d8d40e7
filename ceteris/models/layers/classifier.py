"""The fully connected end of a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.norms import vector_norm_layer


def classifier(
    features: int, hidden: Sequence[int], classes: int, *, activation: str, dropout: float, norm: str = "none"
) -> OrderedDict[str, nn.Module]:
    """Flatten, hidden layers of linear, norm, activation and dropout, and the last linear layer, by name.

    [b, ...] with `features` values an image -> logits [b, classes]. The linear layers are fc1, fc2, ...

    Args:
        features: values per image.
        hidden: units of each hidden layer.
        classes: outputs.
        activation: of the hidden layers.
        dropout: share of the hidden units set to 0 in training; 0 adds no layer.
        norm: of the hidden layers, before the activation.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for number, units in enumerate(hidden, 1):
        layers[f"fc{number}"] = nn.Linear(features, units)
        if norm != "none":
            layers[f"fc_norm{number}"] = vector_norm_layer(norm, units)
        layers[f"activation{number}"] = activation_layer(activation, in_place=True)
        if dropout:
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        features = units
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(features, classes)
    return layers
