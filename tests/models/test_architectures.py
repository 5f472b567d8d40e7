"""The architectures of the reference studies: exact sizes, options, and names that variants share."""

import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.models.counting import count
from ceteris.registry import parts

WITH_ACTIVATION = [p.name for p in parts("model") if "activation" in {option.name for option in p.options}]
WITH_WIDTH = [p.name for p in parts("model") if "width" in {option.name for option in p.options}]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("plain-cnn", 615_338), ("resnet14", 175_258), ("lenet", 62_006), ("resnet18", 11_173_962)],
)
def test_parameters_are_those_of_the_reference_studies(name, parameters, build):
    with torch.device("meta"):
        assert count(build(name), 3, 32).parameters == parameters


def test_resnet14_layers(build):
    with torch.device("meta"):
        facts = count(build("resnet14"), 3, 32)
    convolutions = [layer for layer in facts.layers if layer.kind == "Conv2d"]
    weighted = [layer for layer in facts.layers if layer.kind in ("Conv2d", "Linear") and "shortcut" not in layer.name]
    assert len(weighted) == 14
    assert [layer.name for layer in convolutions if "shortcut" in layer.name] == [
        "stage2.block1.shortcut.conv",
        "stage3.block1.shortcut.conv",
    ]
    sizes = {layer.name: layer.output_shape for layer in convolutions}
    assert sizes["stage1.block2.conv2"] == (16, 32, 32)
    assert sizes["stage2.block2.conv2"] == (32, 16, 16)
    assert sizes["stage3.block2.conv2"] == (64, 8, 8)


def test_a_basic_block_with_silent_convolutions_passes_its_input_on(build, images):
    block = build("resnet14").stage1.block1.eval()
    with torch.no_grad():
        block.norm2.weight.zero_()
        inputs = images(2, 16, 8)
        assert torch.equal(block(inputs), inputs.relu())


@pytest.mark.parametrize(
    ("name", "size", "least"), [("plain-cnn", 7, 8), ("lenet", 15, 16), ("resnet14", 3, 4), ("resnet18", 7, 8)]
)
def test_too_small_images_are_refused_and_the_smallest_are_not(name, size, least, build, images):
    with pytest.raises(InputError, match=f"{name} needs images of at least {least} x {least} pixels, not {size} x"):
        build(name, image_size=size)
    assert build(name, image_size=least).eval()(images(1, 3, least)).shape == (1, 10)


@pytest.mark.parametrize("name", WITH_WIDTH)
def test_width_scales_the_network(name, build):
    with torch.device("meta"):
        small, full = count(build(name, width=4), 3, 32), count(build(name), 3, 32)
    assert small.parameters < full.parameters / 4
    assert small.layers[0].output_shape[0] == 4


@pytest.mark.parametrize("name", WITH_WIDTH)
def test_a_width_below_one_is_refused(name, build):
    with pytest.raises(InputError, match="width must be at least 1, not 0"):
        build(name, width=0)


@pytest.mark.parametrize("name", WITH_ACTIVATION)
def test_an_unknown_activation_is_refused_with_a_suggestion(name, build):
    with pytest.raises(InputError, match="did you mean 'relu'"):
        build(name, activation="rellu")


@pytest.mark.parametrize("name", WITH_ACTIVATION)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "leaky_relu"])
def test_an_activation_replaces_relu_everywhere_and_renames_no_parameter(name, activation, build):
    with torch.device("meta"):
        usual, other = build(name), build(name, activation=activation)
    assert not any(isinstance(module, nn.ReLU) for module in other.modules())
    names = [[path for path, _ in model.named_parameters()] for model in (usual, other)]
    assert names[0] == names[1]
