"""Every other way to take a step computes what the usual one does."""

import pytest
import torch

from bench import cpu_ways
from bench.cases import network
from bench.cpu_ways import AS_IT_IS, compiled, in_turn, rates, side_by_side, whole
from ceteris.engine import blocks, objective
from ceteris.engine.blocks import in_blocks
from ceteris.engine.randomness import initialise

WAYS = {
    "in parts": lambda net: in_turn(net, 4),
    "in threads": lambda net: side_by_side(net, 2),
    "compiled": compiled,
    "in blocks": lambda net: whole(in_blocks(net)),
}


@pytest.fixture(autouse=True)
def with_avx512(monkeypatch):
    """Every machine is one where blocks pay."""
    monkeypatch.setattr(blocks, "has_avx512", lambda: True)


@pytest.fixture(autouse=True)
def traced_only(monkeypatch):
    """Inductor needs a C++ compiler, and half a minute."""
    monkeypatch.setattr(objective, "COMPILER", {"dynamic": False, "backend": "aot_eager"})
    yield
    torch.compiler.reset()


def built(name):
    net = network(name)
    initialise(net, 0)
    return net


@pytest.mark.parametrize("model", ["lenet", "plain-cnn"])
@pytest.mark.parametrize("way", WAYS)
def test_a_step_leaves_the_parameters_where_the_usual_one_does(model, way):
    images, labels = torch.rand(16, 3, 32, 32), torch.arange(16) % 10
    usual, other = built(model), built(model)
    parameters = list(other.parameters())
    step, another = whole(usual), WAYS[way](other)

    for _ in range(3):
        step(images, labels)
        another(images, labels)

    for own, expected in zip(parameters, usual.parameters(), strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-4)


def test_a_network_that_normalises_over_its_batch_is_not_measured_in_parts(monkeypatch):
    monkeypatch.setattr(cpu_ways, "BATCH", 8)
    with_norm, without = (rates(model, 1, 1, 0.0) for model in ("resnet14", "lenet"))

    assert [name for name in with_norm if "parts" in name] == []
    assert len([name for name in without if "parts" in name]) == 2


def test_what_the_engine_does_is_measured_beside_all_layers_dense(monkeypatch):
    monkeypatch.setattr(cpu_ways, "BATCH", 8)
    assert [name for name in rates("plain-cnn", 1, 1, 0.0) if name in (AS_IT_IS, "all layers dense")] == [
        AS_IT_IS,
        "all layers dense",
    ]
    assert "all layers dense" not in rates("lenet", 1, 1, 0.0)
