"""The architectures of the reference studies: exact sizes, options, and names that variants share."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.models.counting import count
from ceteris.registry import part, parts


def with_option(option):
    return [p.name for p in parts("model") if option in {known.name for known in p.options}]


WITH_ACTIVATION, WITH_WIDTH, WITH_NORM = with_option("activation"), with_option("width"), with_option("norm")
DROPOUTS = [(name, option) for option in ("dropout", "conv_dropout", "fc_dropout") for name in with_option(option)]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("plain-cnn", 615_338),
        ("resnet14", 175_258),
        ("basic-cnn", 1_147_466),
        ("improved-cnn", 12_906_250),
        ("residual-cnn", 2_816_074),
        ("vgg-a", 9_750_922),
        ("vgg-a-bn", 9_750_922 + 2 * (64 + 128 + 2 * 256 + 4 * 512)),
        ("lenet", 62_006),
        ("resnet18", 11_173_962),
        ("densenet121", 6_964_106),
        ("se-resnet18", 11_173_962 + 2 * sum(2 * c * (c // 16) + c // 16 + c for c in (64, 128, 256, 512))),
        ("ghost-resnet18", 5_698_506),
        ("airbench94", 1_971_352),
    ],
)
def test_parameters_are_those_of_the_reference_studies(name, parameters, build):
    with torch.device("meta"):
        assert count(build(name), 3, 32).parameters == parameters


def test_ghost_modules_replace_half_of_each_convolution_by_nine_weights_a_channel(build):
    with torch.device("meta"):
        plain, ghost = build("resnet18"), build("ghost-resnet18")
    replaced = [m.weight for path, m in plain.named_modules() if path.endswith(("conv1", "conv2"))]
    saved = sum(weight.numel() // 2 - 9 * (len(weight) // 2) for weight in replaced)
    assert len(replaced) == 16
    assert size(plain) - size(ghost) == saved


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


def linear(inputs, outputs):
    return inputs * outputs + outputs


def normed(kernel, inputs, outputs):
    return kernel**2 * inputs * outputs + 2 * outputs


@pytest.mark.parametrize(("depth", "hidden"), [(8, 256), (10, 512), (12, 1024)])
def test_tiny_cnn_at_every_depth(depth, hidden, build):
    with torch.device("meta"):
        model = build("tiny-cnn", 200, 3, 64, depth=depth)
    maps = [64 * 2**stage for stage in range(depth // 2)]
    stages = sum(normed(3, a, b) + normed(3, b, b) for a, b in pairwise(maps))
    assert size(model) == normed(5, 3, 64) + stages + linear(maps[-1], hidden) + linear(hidden, 200)
    assert len(weighted(model)) == depth + 1


@pytest.mark.parametrize(
    ("depth", "widths"),
    [
        (11, [64, 64, 128, 128, 256, 256]),
        (15, [64, 64, 128, 128, 256, 256, 512, 512]),
        (19, [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024]),
    ],
)
def test_tiny_resnet_at_every_depth(depth, widths, build):
    with torch.device("meta"):
        model = build("tiny-resnet", 200, 3, 64, depth=depth)
    blocks = sum(normed(3, a, b) + normed(3, b, b) + normed(1, a, b) for a, b in pairwise(widths))
    assert size(model) == normed(5, 3, 64) + blocks + linear(widths[-1], 200)
    assert len([path for path in weighted(model) if "shortcut" not in path]) == depth + 1


def weighted(model):
    return [path for path, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def test_tiny_networks_have_dropout_as_in_the_base_and_none_when_it_is_off(build):
    def rates(name, **options):
        with torch.device("meta"):
            model = build(name, 200, 3, 64, **options)
        return [module.p for module in model.modules() if isinstance(module, nn.Dropout)]

    assert rates("tiny-cnn", fc_dropout=0.5) == [0.2] * 7 + [0.5]
    assert rates("tiny-resnet", fc_dropout=0.5) == [0.2] * 6 + [0.5]
    for name in ("tiny-cnn", "tiny-resnet"):
        assert rates(name, conv_dropout=0.0, fc_dropout=0.0) == []


def test_a_depth_that_is_not_known_is_refused(build):
    with pytest.raises(InputError, match="depth must be 8 or 10 or 12, not 9"):
        build("tiny-cnn", 200, 3, 64, depth=9)


def test_densenet121_has_121_layers_and_half_the_channels_after_each_block(build):
    with torch.device("meta"):
        model = build("densenet121")
        facts = count(model, 3, 224)
    assert len(weighted(model)) == 121
    shapes = {layer.name: layer.output_shape for layer in facts.layers}
    assert shapes["conv"] == (64, 112, 112)
    assert [shapes[f"transition{n}.pool"] for n in (1, 2, 3)] == [(128, 28, 28), (256, 14, 14), (512, 7, 7)]
    assert shapes["norm_last"] == (1024, 7, 7)


@pytest.mark.parametrize(
    ("variant", "network", "replaced"),
    [("se-resnet18", "resnet18", ()), ("ghost-resnet18", "resnet18", ("1", "2")), ("vgg-a-bn", "vgg-a", ())],
)
def test_variants_keep_the_names_and_shapes_of_what_they_share(variant, network, replaced, build):
    with torch.device("meta"):
        one, other = (dict(build(name).named_parameters()) for name in (network, variant))
    kept = {path for path in one if not path.removesuffix(".weight").removesuffix(".bias").endswith(replaced or " ")}
    assert kept <= set(other)
    assert all(one[path].shape == other[path].shape for path in kept)
    assert len(kept) > 10


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


SMALLEST = [
    ("plain-cnn", 8, {}),
    ("lenet", 16, {}),
    ("resnet14", 4, {}),
    ("resnet14", 5, {"norm": "instance"}),
    ("resnet18", 8, {}),
    ("resnet18", 9, {"norm": "instance"}),
    ("resnet18", 9, {"norm": "group", "width": 4}),
    ("basic-cnn", 8, {}),
    ("improved-cnn", 8, {}),
    ("residual-cnn", 8, {}),
    ("vgg-a", 32, {}),
    ("vgg-a-bn", 32, {}),
    ("se-resnet18", 8, {}),
    ("ghost-resnet18", 8, {}),
    ("ghost-resnet18", 9, {"norm": "group", "width": 8}),
    ("densenet121", 29, {}),
    ("densenet121", 61, {"norm": "instance"}),
    ("tiny-cnn", 16, {}),
    ("tiny-cnn", 32, {"depth": 10, "width": 8}),
    ("tiny-cnn", 64, {"depth": 12, "width": 4}),
    ("tiny-resnet", 8, {}),
    ("tiny-resnet", 16, {"depth": 15, "width": 8}),
    ("tiny-resnet", 33, {"depth": 19, "width": 4, "norm": "instance"}),
]


@pytest.mark.parametrize(("name", "least", "options"), SMALLEST)
def test_too_small_images_are_refused_and_the_smallest_are_not(name, least, options, build, images):
    small = least - 1
    with pytest.raises(InputError, match=f"{name} needs images of at least {least} x {least} pixels, not {small} x"):
        build(name, image_size=small, **options)
    with torch.no_grad():
        one, two = build(name, image_size=least, **options)(images(2, 3, least))
    assert one.shape == (10,)
    assert not torch.equal(one, two)


@pytest.mark.parametrize("name", WITH_WIDTH)
def test_width_scales_the_network(name, build):
    with torch.device("meta"):
        small, full = count(build(name, width=4), 3, 32), count(build(name), 3, 32)
    assert small.parameters < full.parameters / 4
    assert 4 in {layer.output_shape[0] for layer in small.layers[:3]}


@pytest.mark.parametrize("name", WITH_WIDTH)
def test_a_width_below_one_is_refused(name, build):
    with pytest.raises(InputError, match="width must be at least 1, not 0"):
        build(name, width=0)


@pytest.mark.parametrize("name", WITH_ACTIVATION)
def test_an_unknown_activation_is_refused_with_a_suggestion(name, build):
    with pytest.raises(InputError, match="did you mean 'relu'"):
        build(name, activation="rellu")


@pytest.mark.parametrize("name", WITH_NORM)
def test_an_unknown_norm_is_refused_with_a_suggestion(name, build):
    with pytest.raises(InputError, match=r"unknown norm 'bach'.*did you mean 'batch'"):
        build(name, image_size=64, norm="bach")


@pytest.mark.parametrize(("name", "option"), DROPOUTS)
@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_that_cannot_be_dropped_is_refused(name, option, share, build):
    with pytest.raises(InputError, match=f"{option} must be at least 0 and below 1, not {share}"):
        build(name, **{option: share})


@pytest.mark.parametrize(("name", "option"), DROPOUTS)
def test_dropout_acts_in_training_only_and_renames_no_parameter(name, option, build, images):
    narrow = {known.name: 8 for known in part("model", name).options if known.name in ("width", "growth")}
    off, on = (build(name, **narrow, **{option: share}) for share in (0.0, 0.4))
    assert 0.4 in {module.p for module in on.modules() if isinstance(module, nn.Dropout)}
    assert [path for path, _ in on.named_parameters()] == [path for path, _ in off.named_parameters()]
    with torch.no_grad():
        assert torch.equal(on.eval()(images()), off.eval()(images()))


def test_all_mistakes_are_told_at_once(build):
    with pytest.raises(InputError) as caught:
        build("se-resnet18", image_size=4, width=-1, activation="rellu", norm="bach", dropout=2.0)
    assert [problem.where for problem in caught.value.problems] == ["model", "width", "activation", "norm", "dropout"]


@pytest.mark.parametrize("name", WITH_ACTIVATION)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "leaky_relu"])
def test_an_activation_replaces_relu_everywhere_and_renames_no_parameter(name, activation, build):
    with torch.device("meta"):
        usual, other = build(name), build(name, activation=activation)
    assert not any(isinstance(module, nn.ReLU) for module in other.modules())
    names = [[path for path, _ in model.named_parameters()] for model in (usual, other)]
    assert names[0] == names[1]
