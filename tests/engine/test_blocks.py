"""In oneDNN's blocks a network computes what it computes without, and only where nobody looks into it."""

import copy

import pytest
import torch
from torch import nn

from ceteris import registry
from ceteris.engine import blocks
from ceteris.engine.blocks import in_blocks
from ceteris.engine.device import Conditions
from ceteris.engine.randomness import initialise
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.models.layers.pooling import MaxPool2d
from ceteris.study.record import Status

CONTEXT = {"classes": 4, "channels": 3, "image_size": 64}


@pytest.fixture(autouse=True)
def everywhere(monkeypatch):
    """Every machine is one where it pays."""
    monkeypatch.setattr(blocks, "has_avx512", lambda: True)


def layers(*more):
    return [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), *more]


def answers(network, images, seed=0):
    """Outputs, and the gradient of every parameter."""
    torch.manual_seed(seed)
    outputs = network(images)
    outputs.cos().sum().backward()  # of squares behind a norm the gradient would be rounding alone
    return [outputs.detach(), *(each.grad for each in network.parameters() if each.grad is not None)]


def assert_same(network, images, share=1e-4):
    """With and without blocks, and gradients lie as their parameters do.

    They may differ by that share of the largest: where rounding turns a rectifier far behind, many jump.
    """
    network = network.to(memory_format=torch.channels_last)
    blocked = in_blocks(copied := copy.deepcopy(network))
    assert blocked is not copied
    assert [id(each) for each in blocked.parameters()] == [id(each) for each in copied.parameters()]
    found, expected = answers(blocked, images), answers(network, images)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=1e-4)
    largest = max(float(other.abs().max()) for other in expected[1:])  # of a bias before a norm it is rounding alone
    for one, other in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=share * largest)
        assert one.layout is torch.strided
    for each in copied.parameters():  # a fused optimizer walks raw memory
        assert each.grad is None or torch.equal(each.grad, each.grad.as_strided(each.shape, each.stride()))


def pictures(side=12, count=5, channels=3):
    made = torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(0))
    return made.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("side", [8, 9, 15])
@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(*layers()),
        nn.Sequential(*layers(nn.Flatten(), nn.LazyLinear(7))),
        nn.Sequential(nn.Sequential(*layers()), nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1, bias=False), MaxPool2d())),
        nn.Sequential(*layers(nn.Conv2d(16, 5, 3), nn.GELU(), nn.Dropout(0.5))),
        nn.Sequential(nn.Conv2d(3, 32, 5, dilation=1, padding=2), nn.MaxPool2d(3, 2, padding=1), nn.BatchNorm2d(32)),
    ],
    ids=["alone", "linear", "nested", "rest-of-another-kind", "overlapping"],
)  # fmt: skip
def test_outputs_and_gradients_are_the_same(network, side):
    network = copy.deepcopy(network)
    network(pictures(side))  # a lazy layer learns its size
    assert_same(network, pictures(side))


def test_norms_and_their_running_statistics_are_those_of_dense_layers():
    network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16, eps=0.1, momentum=0.3), nn.ReLU(), nn.MaxPool2d(2))
    assert_same(network, pictures())
    blocked = in_blocks(copied := copy.deepcopy(network))
    for count in (1, 4, 5):
        torch.testing.assert_close(blocked(pictures(count=count)), network(pictures(count=count)))
    for name, found in copied.state_dict().items():
        torch.testing.assert_close(found, network.state_dict()[name])


@pytest.mark.parametrize(
    ("layer", "layout"), [(nn.Flatten(), torch.contiguous_format), (nn.Conv2d(16, 5, 3), torch.channels_last)]
)
def test_what_follows_is_given_the_layout_that_it_needs(layer, layout):
    seen = []
    layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].is_contiguous(memory_format=layout)))
    in_blocks(nn.Sequential(*layers(copy.deepcopy(layer))))(pictures())
    assert seen == [True]


def test_frozen_parameters_get_no_gradient():
    network = nn.Sequential(*layers())
    network[0].weight.requires_grad_(False)
    assert_same(network, pictures())


def test_one_channel_and_one_image():
    assert_same(nn.Sequential(nn.Conv2d(1, 16, 3), nn.MaxPool2d(2)), pictures(channels=1, count=1))


LEFT_ALONE = {
    "6": nn.Sequential(nn.Conv2d(3, 6, 5), nn.MaxPool2d(2)),
    "gelu": nn.Sequential(nn.Conv2d(3, 16, 3), nn.GELU(), nn.MaxPool2d(2)),
    "norm-without-weights": nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16, affine=False), nn.MaxPool2d(2)),
    "norm-without-statistics": nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16, track_running_stats=False), nn.MaxPool2d(2)
    ),
    "norm-of-all-batches": nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16, momentum=None), nn.MaxPool2d(2)),
    "group-norm": nn.Sequential(nn.Conv2d(3, 16, 3), nn.GroupNorm(2, 16), nn.MaxPool2d(2)),
    "no-pool": nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU()),
    "same": nn.Sequential(nn.Conv2d(3, 16, 3, padding="same"), nn.MaxPool2d(2)),
    "reflect": nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, padding_mode="reflect"), nn.MaxPool2d(2)),
    "groups": nn.Sequential(nn.Conv2d(16, 16, 3, groups=4), nn.MaxPool2d(2)),
    "ceil": nn.Sequential(nn.Conv2d(3, 16, 3), nn.MaxPool2d(2, ceil_mode=True)),
    "pool-first": nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 16, 3)),
    "no-sequence": nn.Conv2d(3, 16, 3),
}


@pytest.mark.parametrize("network", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_other_networks_are_left_as_they_are(network):
    assert in_blocks(network) is network


@pytest.mark.parametrize("kind", ["register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"])
@pytest.mark.parametrize("where", [(), (0,), (2,)])
def test_who_looks_into_a_layer_goes_on_seeing_what_it_does(kind, where):
    network = nn.Sequential(*layers())
    module = network[where[0]] if where else network
    handle = getattr(module, kind)(lambda *seen: None)
    assert in_blocks(network) is network
    handle.remove()
    assert in_blocks(network) is not network


def test_other_processors_are_left_alone(monkeypatch):
    monkeypatch.setattr(blocks, "has_avx512", lambda: False)
    network = nn.Sequential(*layers())
    assert in_blocks(network) is network


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["0.weight", "0.bias", "3.weight", "3.bias", "4.weight", "4.bias"])
def test_a_weight_that_is_not_finite_makes_outputs_that_are_not(name, value):
    more = [nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)]
    network = nn.Sequential(*layers(*more))
    network(pictures())
    with torch.no_grad():
        network.get_parameter(name)[0].fill_(value)
    assert not torch.isfinite(in_blocks(network)(pictures())).any()


def test_a_trial_diverges_at_the_step_at_which_it_does_with_dense_layers(shapes, recipe, monkeypatch):
    wild = recipe(model={"name": "plain-cnn", "width": 16}, optimizer={"name": "sgd", "lr": 1e4}, epochs=1)
    found = []
    for has in (True, False):
        monkeypatch.setattr(blocks, "has_avx512", lambda has=has: has)
        record = train(Trial("ab" * 32, wild, 0), shapes, Conditions("cpu", 1))
        found.append((record.status, record.reason))
    assert found[0] == found[1]
    assert found[0][0] is Status.DIVERGED


def test_noise_behind_the_blocks_is_the_same():
    network = nn.Sequential(*layers(nn.Flatten(), nn.Dropout(0.5)))
    one, other = in_blocks(network), network
    found = []
    for each in (one, other):
        torch.manual_seed(3)
        found.append(each(pictures()) == 0)
    assert torch.equal(*found)


@pytest.mark.parametrize("part", registry.parts("model"), ids=lambda part: part.name)
def test_every_model_computes_the_same(part):
    network = part.build({}, **CONTEXT)
    initialise(network, 0)
    changed = in_blocks(network.to(memory_format=torch.channels_last)) is not network
    assert changed == (part.name in ("plain-cnn", "basic-cnn", "improved-cnn", "vgg-a", "vgg-a-bn", "densenet121"))
    if changed:
        assert_same(network, pictures(64, 3), share=0.02)
