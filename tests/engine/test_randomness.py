"""Named streams inside torch: who shares bits with whom, and what is left as it was."""

import contextlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ceteris.engine.randomness import drawing_from, initialise
from ceteris.errors import InputError


def drawn(model, seed=0):
    initialise(model, seed)
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def layers(*names_and_layers):
    model = nn.Sequential()
    for name, layer in names_and_layers:
        model.add_module(name, layer)
    return model


def narrow(*, middle=False, bias=True):
    return layers(
        ("first", nn.Conv2d(3, 4, 3, bias=bias)),
        *([("middle", nn.Conv2d(4, 4, 3))] if middle else []),
        ("norm", nn.BatchNorm2d(4)),
        ("last", nn.Linear(4, 5)),
    )


@pytest.mark.parametrize("change", [{"middle": True}, {"bias": False}, {"middle": True, "bias": False}])
def test_models_share_the_bits_of_the_parameters_they_share(change):
    one, other = drawn(narrow()), drawn(narrow(**change))
    shared = one.keys() & other.keys()
    assert len(shared) >= 5
    assert all(torch.equal(one[name], other[name]) for name in shared)


def test_parameters_depend_on_the_seed_and_on_their_own_name():
    one, other = drawn(narrow(), 0), drawn(narrow(), 1)
    assert not torch.equal(one["first.weight"], other["first.weight"])
    twins = drawn(layers(("a", nn.Linear(4, 4)), ("b", nn.Linear(4, 4))))
    assert not torch.equal(twins["a.weight"], twins["b.weight"])


def test_the_distribution_is_that_of_the_layer():
    weight = drawn(layers(("wide", nn.Linear(400, 500))))["wide.weight"]
    bound = 400**-0.5
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    assert torch.equal(drawn(narrow())["norm.weight"], torch.ones(4))


def test_what_the_constructor_left_does_not_matter():
    model = narrow()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)
    fresh = drawn(narrow())
    assert all(torch.equal(value, fresh[name]) for name, value in drawn(model).items())


@pytest.mark.parametrize(
    "layer", [nn.MultiheadAttention(8, 2), nn.LSTM(3, 4), nn.PReLU(), nn.LayerNorm(4), nn.Embedding(3, 4)]
)
def test_layers_of_torch_draw_all_they_own_from_their_streams(layer):
    one, other = drawn(layers(("own", layer))), drawn(layers(("own", layer)))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_module_that_cannot_draw_its_parameters_is_refused_by_name():
    class Gain(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

    with pytest.raises(InputError, match=r"Gain 'stem\.gain' owns parameters but has no reset_parameters"):
        initialise(layers(("stem", layers(("gain", Gain())))), 0)


@given(seed=st.integers(0, 2**63), name=st.text(max_size=20))
def test_a_scope_draws_the_same_whenever_it_is_entered(seed, name):
    with drawing_from(seed, name):
        one = torch.rand(3)
    torch.rand(5)
    with drawing_from(seed, name):
        assert torch.equal(torch.rand(3), one)


def test_scopes_nest_and_leave_torch_as_it_was_even_after_an_error():
    before = torch.get_rng_state()
    with drawing_from(0, "outer"):
        first = torch.rand(1)
        with contextlib.suppress(KeyError), drawing_from(0, "inner"):
            raise KeyError(torch.rand(9))
        second = torch.rand(1)
    assert torch.equal(torch.get_rng_state(), before)
    with drawing_from(0, "outer"):
        assert torch.equal(torch.cat([torch.rand(1), torch.rand(1)]), torch.cat([first, second]))
