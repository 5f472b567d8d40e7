"""What every registered model does, run because it is registered."""

import itertools
from functools import partial

import pytest
import torch

from ceteris.errors import InputError
from ceteris.models.counting import count
from ceteris.models.layers.activations import ACTIVATIONS
from ceteris.models.layers.norms import NORMS
from ceteris.registry import part, parts
from ceteris.study.last_batch import check_last_batch

MODELS = [part.name for part in parts("model")]
SETTINGS = [(10, 3, 32), (10, 1, 8), (7, 1, 28), (3, 3, 33), (200, 3, 64)]
CHOICES = {"activation": list(ACTIVATIONS), "norm": list(NORMS)}
NARROW = {"width": 8, "growth": 8}
SIDES = (4, 8, 9, 16, 32, 61, 64)
pytestmark = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_size_gives_logits_or_a_clear_error(name, setting, build, images):
    classes, channels, size = setting
    refusal = ""
    try:
        with torch.device("meta"):
            logits = build(name, classes, channels, size)(images(2, channels, size).to("meta"))
    except InputError as error:
        refusal = str(error)
    if refusal:
        assert f"{name} needs images of at least" in refusal
        assert f"not {size} x {size}" in refusal
    else:
        assert logits.shape == (2, classes)


def test_cifar_images_are_never_refused(name, build, images):
    assert build(name)(images()).shape == (4, 10)


def test_every_parameter_gets_a_finite_gradient(name, build, images):
    model = build(name)
    torch.nn.functional.cross_entropy(model(images()), torch.tensor([0, 1, 2, 3])).backward()
    for path, parameter in model.named_parameters():
        assert parameter.grad is not None, path
        assert parameter.grad.isfinite().all(), path
        assert parameter.grad.any(), path


def test_memory_format_does_not_matter(name, build, images):
    model, batch = build(name).eval(), images()
    with torch.no_grad():
        contiguous = model(batch)
        model.to(memory_format=torch.channels_last)
        torch.testing.assert_close(model(batch.to(memory_format=torch.channels_last)), contiguous)


def test_evaluation_is_deterministic_and_leaves_the_model_alone(name, build, images):
    model, batch = build(name).eval(), images()
    before = {path: tensor.clone() for path, tensor in model.state_dict().items()}
    with torch.no_grad():
        assert torch.equal(model(batch), model(batch))
    assert all(torch.equal(tensor, before[path]) for path, tensor in model.state_dict().items())


def test_in_evaluation_an_image_does_not_see_its_batch(name, build, images):
    model, batch = build(name).eval(), images()
    with torch.no_grad():
        alone = torch.cat([model(image) for image in batch.split(1)])
        torch.testing.assert_close(model(batch), alone)


def test_every_parameter_can_be_drawn_again(name, build):
    model = build(name)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    with torch.random.fork_rng(devices=[]):
        for module in model.modules():
            if any(True for _ in module.parameters(recurse=False)):
                module.reset_parameters()
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_building_and_counting_on_the_meta_device_says_the_same(name, build):
    with torch.device("meta"):
        planned = build(name)
    assert all(parameter.is_meta for parameter in planned.parameters())
    assert count(planned, 3, 32) == count(build(name), 3, 32)


def test_the_layer_table_adds_up(name, build):
    with torch.device("meta"):
        facts = count(build(name), 3, 32)
    assert sum(layer.parameters for layer in facts.layers) == facts.parameters
    assert sum(layer.macs for layer in facts.layers) == facts.macs > 0
    assert facts.layers[0].input_shape == (3, 32, 32)
    assert facts.layers[-1].output_shape == (10,)


def options_of(name):
    return {option.name for option in part("model", name).options}


def combinations(name):
    known = sorted(options_of(name) & set(CHOICES))
    for values in itertools.product(*(CHOICES[option] for option in known)):
        yield dict(zip(known, values, strict=True))


def sometimes_there(path):
    return "norm" in path or path.endswith("conv.bias") or (path.endswith(".bias") and "conv" in path)


def test_activation_and_norm_in_every_combination_name_the_same_parameters(name, build):
    with torch.device("meta"):
        usual = {path: parameter.shape for path, parameter in build(name, image_size=64).named_parameters()}
        for options in combinations(name):
            other = {path: p.shape for path, p in build(name, image_size=64, **options).named_parameters()}
            common = set(usual) & set(other)
            assert {path: usual[path] for path in common} == {path: other[path] for path in common}, options
            assert all(sometimes_there(path) for path in set(usual) ^ set(other)), options


def smallest(name, build, options):
    for side in SIDES:
        try:
            return build(name, image_size=side, **options), side
        except InputError:
            continue
    raise AssertionError(f"{name} takes no image")


def test_every_activation_and_every_norm_trains_a_step_on_the_smallest_images(name, build, images):
    narrow = {option: width for option, width in NARROW.items() if option in options_of(name)}
    for option in sorted(options_of(name) & set(CHOICES)):
        for value in CHOICES[option]:
            model, side = smallest(name, build, narrow | {option: value})
            before = [parameter.clone() for parameter in model.parameters()]
            loss = torch.nn.functional.cross_entropy(model(images(4, 3, side)), torch.tensor([0, 1, 2, 3]))
            loss.backward()
            torch.optim.SGD(model.parameters(), lr=0.1).step()
            assert loss.isfinite()
            after = list(model.parameters())
            assert all(p.grad is not None and p.grad.isfinite().all() for p in after), (option, value)
            assert all(parameter.isfinite().all() for parameter in after), (option, value)
            moved = [not torch.equal(old, new) for old, new in zip(before, after, strict=True)]
            assert sum(moved) > len(moved) / 2, (option, value)
            assert moved[-2:] == [True, True], (option, value)


def test_what_is_overwritten_in_place_is_read_by_nothing_else(name, build, images):
    narrow = {option: width for option, width in NARROW.items() if option in options_of(name)}
    # Not relu: twice is as good as once there.
    choices = {"activation": ["leaky_relu"], "norm": list(NORMS)}
    taken = [[(option, value) for value in choices[option]] for option in choices if option in options_of(name)]
    for options in map(dict, itertools.product(*taken)):
        model, side = smallest(name, build, narrow | options)
        batch = images(4, 3, side)
        with torch.no_grad():
            overwritten = model.eval()(batch.clone())
            for module in model.modules():
                if getattr(module, "inplace", False):
                    module.inplace = False
            assert torch.equal(overwritten, model(batch)), options


def test_one_image_alone_is_refused_exactly_where_torch_cannot_train_on_it(name, build, images):
    for norm in NORMS if "norm" in options_of(name) else [None]:
        narrow = {option: width for option, width in NARROW.items() if option in options_of(name)}
        model, side = smallest(name, build, narrow | ({"norm": norm} if norm else {}))
        said = refused(partial(check_last_batch, count(model, 3, side), 9, 8), InputError, "one value per channel")
        assert said == refused(partial(model.train(), images(1, 3, side)), ValueError, "than 1 value per channel"), norm


def refused(call, kind, words):
    """Whether it raises that, in those words."""
    try:
        call()
    except kind as error:
        return words in str(error)
    return False
