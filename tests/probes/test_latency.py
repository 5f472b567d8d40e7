"""Memory of networks whose tensors can be counted by hand; times by their shape only."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.latency import forward_milliseconds, latency, peak_bytes

FLOAT = 4


@pytest.mark.parametrize("batch", [1, 8, 32])
def test_the_peak_of_a_chain_is_its_two_largest_neighbours(batch):
    widths = [10, 100, 1000, 500, 10]
    model = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(widths)))
    weights = sum(a * b + b for a, b in pairwise(widths))
    # While 1000 become 500, the input and both are there; no other pair is larger.
    assert peak_bytes(model, torch.zeros(batch, 10)) == FLOAT * (weights + batch * (10 + 1000 + 500))


def test_what_works_in_place_takes_nothing_more():
    fresh, in_place = (nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=place)) for place in (False, True))
    images = torch.zeros(2, 3, 10, 10)
    feature_map = 2 * 8 * 8 * 8 * FLOAT
    assert peak_bytes(fresh, images) - peak_bytes(in_place, images) == feature_map


def test_buffers_count_and_shared_weights_count_once():
    layer = nn.Linear(50, 50, bias=False)
    assert peak_bytes(nn.Sequential(layer, layer), torch.zeros(1, 50)) == FLOAT * (2500 + 3 * 50)
    layer.register_buffer("kept", torch.zeros(7))
    assert peak_bytes(nn.Sequential(layer, layer), torch.zeros(1, 50)) == FLOAT * (2500 + 7 + 3 * 50)


def test_every_pass_is_timed_and_the_model_left_alone():
    calls = []
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    model.register_forward_hook(lambda *_: calls.append(1))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    taken = forward_milliseconds(model, torch.zeros(2, 3, 8, 8), repeats=5)
    assert taken.shape == (5,)
    assert (taken > 0).all()
    assert len(calls) > 5, "a warm-up comes first"
    assert all(module.training for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_the_probe_leaves_quartiles_and_peaks_by_batch_size(trained):
    found = latency(batch_sizes=[1, 4, 50], repeats=3).measure(trained("resnet14", width=4))
    assert found.arrays["batch_size"].tolist() == [1, 4, 50]
    quartiles = found.arrays["milliseconds"]
    assert quartiles.shape == (3, 3)
    assert (quartiles[:, 0] <= quartiles[:, 1]).all()
    assert (quartiles[:, 1] <= quartiles[:, 2]).all()
    one, four, fifty = found.arrays["peak_bytes"].tolist()
    assert one < four < fifty
    assert (fifty - four) * 3 == (four - one) * 46, "weights once, the rest by the image"
    assert found.values == {"device": "cpu", "threads": torch.get_num_threads()}


@pytest.mark.parametrize("batch_sizes", [[], [4, 0]])
def test_no_batch_and_no_pass_are_refused_together(batch_sizes):
    with pytest.raises(InputError) as caught:
        latency(batch_sizes=batch_sizes, repeats=0)
    assert [problem.where for problem in caught.value.problems] == ["batch_sizes", "repeats"]
