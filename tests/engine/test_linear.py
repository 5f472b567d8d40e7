"""Linear layers through oneDNN compute what torch's own do, in whatever way they are asked."""

import copy

import pytest
import torch
from torch import nn

from ceteris.engine import linear
from ceteris.engine.linear import onednn_is_faster, speed_up_linear
from ceteris.models.counting import count


@pytest.fixture
def faster(monkeypatch):
    """Every machine is one where it pays."""
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)


@pytest.fixture
def pair(faster):
    """pair(*layers) -> the same network plain and sped up."""

    def make(*layers):
        plain = nn.Sequential(*layers)
        sped_up = copy.deepcopy(plain)
        speed_up_linear(sped_up)
        return plain, sped_up

    return make


def through_onednn(model):
    return [type(module) is not nn.Linear for module in model.modules() if isinstance(module, nn.Linear)]


def gradients(model, inputs):
    inputs = inputs.clone().requires_grad_()
    wanted = [inputs, *(one for one in model.parameters() if one.requires_grad)]
    return torch.autograd.grad(model(inputs).square().sum(), wanted, create_graph=True)


def assert_all_close(ones, others):
    for one, other in zip(ones, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.detach().abs().max()))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("frozen", [(), ("0.weight",), ("2.weight",), ("0.bias", "2.weight")])
def test_outputs_and_gradients_are_those_of_torchs_layers(pair, bias, frozen):
    plain, sped_up = pair(nn.Linear(400, 220, bias), nn.ReLU(inplace=True), nn.Linear(220, 400, bias))
    assert through_onednn(sped_up) == [True, True]
    for model in (plain, sped_up):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name not in frozen)
    inputs = torch.randn(9, 400)
    assert_all_close([sped_up(inputs)], [plain(inputs)])
    for model in (plain, sped_up):
        model(inputs).square().sum().backward()
    ours, theirs = ({n: p.grad for n, p in model.named_parameters()} for model in (sped_up, plain))
    assert [name for name, grad in ours.items() if grad is None] == [n for n in ours if n in frozen]
    assert_all_close([g for g in ours.values() if g is not None], [g for g in theirs.values() if g is not None])
    assert all(grad.layout is torch.strided and grad.is_contiguous() for grad in ours.values() if grad is not None)


def test_a_gradient_of_a_gradient_can_be_asked_for(pair):
    plain, sped_up = pair(nn.Linear(300, 250), nn.Sigmoid(), nn.Linear(250, 300))
    inputs = torch.randn(5, 300)
    second = [
        torch.autograd.grad(sum(g.square().sum() for g in gradients(model, inputs)), list(model.parameters()))
        for model in (sped_up, plain)
    ]
    assert_all_close(*second)


def test_gradients_of_single_images_by_torch_func(pair):
    plain, sped_up = pair(nn.Linear(300, 250))

    def loss(parameters, model, image):
        return torch.func.functional_call(model, parameters, (image[None],)).square().sum()

    single = torch.func.vmap(torch.func.grad(loss), in_dims=(None, None, 0))
    inputs = torch.randn(4, 300)
    ours, theirs = (single(dict(model.named_parameters()), model, inputs) for model in (sped_up, plain))
    assert_all_close(ours.values(), theirs.values())


@pytest.mark.parametrize("shape", [(300,), (2, 3, 300), (0, 300)])
def test_other_shapes_than_a_batch_of_rows(pair, shape):
    plain, sped_up = pair(nn.Linear(300, 250))
    inputs = torch.randn(shape)
    torch.testing.assert_close(sped_up(inputs), plain(inputs), rtol=1e-4, atol=1e-4)


def test_bf16_meta_and_float64_go_torchs_way(pair):
    plain, sped_up = pair(nn.Linear(300, 250))
    inputs = torch.randn(4, 300)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(sped_up(inputs), plain(inputs))
    assert torch.equal(sped_up.double()(inputs.double()), plain.double()(inputs.double()))
    assert sped_up.to("meta")(inputs.to("meta")).is_meta


def test_small_layers_and_layers_of_another_class_stay(pair):
    class Own(nn.Linear):
        pass

    _, sped_up = pair(nn.Linear(100, 100), nn.Linear(100, 1000), Own(1000, 1000))
    assert [type(module) for module in sped_up][::2] == [nn.Linear, Own]
    assert through_onednn(sped_up)[1]


def test_names_parameters_and_copies_stay(pair):
    plain, sped_up = pair(nn.Linear(300, 250), nn.Linear(250, 10))
    assert list(sped_up.state_dict()) == list(plain.state_dict())
    assert through_onednn(copy.deepcopy(sped_up)) == [True, False]
    assert [row.kind for row in count(sped_up.to("meta"), 1, 300).layers] == ["Linear", "Linear"]


def test_where_it_does_not_pay_nothing_changes(monkeypatch):
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: False)
    model = nn.Sequential(nn.Linear(300, 250))
    speed_up_linear(model)
    assert through_onednn(model) == [False]


@pytest.mark.parametrize(
    ("can", "pays"),
    [
        ({"avx512_f": True, "sse4a": True}, True),
        ({"avx512_f": True, "sse4a": False}, False),  # Intel's
        ({"avx512_f": False, "sse4a": True}, False),  # AMD's before Zen 4
        ({"neon": True}, False),
    ],
)
def test_it_pays_on_amds_processors_with_avx512(monkeypatch, can, pays):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can, raising=False)
    for library in (torch.backends.mkl, torch.backends.mkldnn):
        monkeypatch.setattr(library, "is_available", lambda: True)
    assert onednn_is_faster() is pays
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    assert not onednn_is_faster()
