"""Class activation maps of models that look at one known place."""

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.grad_cam import class_activation_maps, grad_cam
from ceteris.registry import part


class Corner(nn.Module):
    """Lets the upper left quarter through and blackens the rest."""

    def forward(self, inputs):
        seen = torch.zeros_like(inputs)
        seen[..., :8, :8] = inputs[..., :8, :8]
        return seen


def random_images(n=3, channels=3, size=16):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(1))


def fill(model):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.normal_(generator=generator)
    return model


def test_a_model_that_sees_one_corner_is_explained_by_that_corner():
    layers = [Corner(), nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.ReLU()]
    model = fill(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)))
    classes = model(random_images()).argmax(1)
    maps = class_activation_maps(model, random_images(), classes)
    assert maps.shape == (3, 16, 16)
    assert maps.amax(dim=(1, 2)).tolist() == [1, 1, 1]
    assert not maps[:, 9:].any()
    assert not maps[:, :, 9:].any()


def test_a_class_that_wants_brightness_is_seen_where_it_is_bright():
    conv, fc = nn.Conv2d(1, 2, 1), nn.Linear(2, 2)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        conv.bias.copy_(torch.tensor([0.0, 1.0]))
        fc.weight.copy_(torch.eye(2))
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc)
    images = torch.zeros(2, 1, 4, 4)
    images[:, :, 3, 1] = 1
    bright, dark = class_activation_maps(model, images, torch.tensor([0, 1]))
    assert torch.equal(bright, images[0, 0])
    assert torch.equal(dark, 1 - images[0, 0])


def test_with_average_pooling_it_is_the_class_activation_map():
    """Zhou et al. 2016: the features weighted by the class's own weights in the linear layer."""
    body, fc = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU()), nn.Linear(6, 4)
    model = fill(nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc))
    classes = torch.tensor([2, 0, 3])
    with torch.no_grad():
        expected = torch.einsum("nkij,nk->nij", body(random_images()), fc.weight[classes]).relu()
    torch.testing.assert_close(
        class_activation_maps(model, random_images(), classes), expected / expected.amax(dim=(1, 2), keepdim=True)
    )


def test_a_logit_that_nothing_raises_gives_an_empty_map():
    conv, fc = nn.Conv2d(3, 2, 1), nn.Linear(2, 2)
    with torch.no_grad():
        conv.bias.fill_(5)
        fc.weight.fill_(-1)
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc)
    assert not class_activation_maps(model, random_images(), torch.zeros(3, dtype=torch.long)).any()


def test_pooling_and_single_pixels_come_after_the_map():
    """Not the pooled 4 x 4, and not what a 1 x 1 convolution makes of the pooled single pixel."""
    conv = nn.Conv2d(3, 6, 3, padding=1)
    last = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 5, 1), nn.Flatten(), nn.Linear(5, 4)]
    pooled = fill(nn.Sequential(conv, nn.ReLU(), nn.AvgPool2d(4), *last))
    plain = nn.Sequential(conv, nn.ReLU(), *last)  # the mean of means is the mean
    classes = torch.tensor([1, 1, 1])
    torch.testing.assert_close(
        class_activation_maps(pooled, random_images(), classes), class_activation_maps(plain, random_images(), classes)
    )


def test_a_real_network_is_explained_and_left_alone():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = part("model", "resnet14").build({}, classes=5, channels=3, image_size=16).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = random_images()
    maps = class_activation_maps(model, images, torch.tensor([0, 1, 2]))
    assert maps.shape == (3, 16, 16)
    assert maps.min() >= 0
    assert maps.max() == 1
    assert not images.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(module.training and not module._forward_hooks for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_no_feature_map_is_said_in_words():
    with pytest.raises(InputError, match="needs a convolution"):
        class_activation_maps(nn.Sequential(nn.Flatten(), nn.Linear(768, 2)), random_images(), torch.zeros(3).long())


def test_the_probe_leaves_maps_beside_their_images(trained, same_twice):
    view = trained("resnet14", width=4)
    found = same_twice(grad_cam(images=5), view).arrays
    assert found["row"].tolist() == [0, 4, 8, 12, 16]
    assert found["labels"].tolist() == view.test.labels[found["row"]].tolist()
    chosen = view.test.inputs[found["row"]]
    np.testing.assert_array_equal(found["pixels"], view.pixels(chosen))
    predicted = view.model(chosen).argmax(1)
    assert found["predicted"].tolist() == predicted.tolist()
    np.testing.assert_array_equal(found["map"], class_activation_maps(view.model, chosen, predicted))


def test_the_probe_explains_the_rows_that_are_asked_for(trained):
    view = trained("resnet14", width=4)
    assert grad_cam(images=[13, 2]).measure(view).arrays["row"].tolist() == [2, 13]
    with pytest.raises(InputError, match="no test image 20; the 20 count from 0"):
        grad_cam(images=[0, 20]).measure(view)


@pytest.mark.parametrize("images", [0, [], [3, -1]])
def test_no_image_is_refused(images):
    with pytest.raises(InputError, match="images must be at least 1, or a list of rows from 0"):
        grad_cam(images=images)
