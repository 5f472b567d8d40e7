"""What a trial starts from: the same for every variant wherever the variants do not differ."""

import numpy as np
import pytest
import torch

from ceteris.engine import blocks, linear
from ceteris.engine.device import Conditions
from ceteris.engine.setup import build_model
from ceteris.errors import InputError

VARIANTS = [
    {"model": "lenet"},
    {"optimizer": {"name": "adamw", "lr": 0.001}},
    {"batch_size": 7},
    {"loss": {"name": "cross-entropy", "label_smoothing": 0.1}, "schedule": "cosine", "epochs": 9},
    {"precision": "bf16"},
]


def one_epoch(setup, seed=0, epoch=2):
    inputs, labels = zip(*setup.train.epoch(seed, epoch), strict=True)
    return torch.cat(inputs), torch.cat(labels)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_batches_to_every_variant(setup, variant):
    augment = ["crop", "flip"]
    inputs, labels = one_epoch(setup(augment=augment))
    others, other_labels = one_epoch(setup(augment=augment, **variant))
    assert torch.equal(inputs, others)
    assert torch.equal(labels, other_labels)


def test_an_augmentation_more_moves_no_draw_of_the_others(setup):
    plain, labels = one_epoch(setup(augment=[]))
    flipped, same_labels = one_epoch(setup(augment=["flip"]))
    both, _ = one_epoch(setup(augment=["flip", {"name": "crop", "padding": 0}]))
    assert torch.equal(labels, same_labels)
    assert torch.equal(flipped, both)
    mirrored = (flipped == plain.flip(3)).flatten(1).all(1)
    assert ((flipped == plain).flatten(1).all(1) | mirrored).all()
    assert 0 < mirrored.sum() < len(mirrored)


def test_seeds_and_epochs_have_their_own_order(setup):
    made = setup()
    orders = [one_epoch(made, seed, epoch)[0] for seed, epoch in [(0, 1), (0, 2), (1, 1)]]
    assert not any(torch.equal(a, b) for a, b in [(orders[0], orders[1]), (orders[0], orders[2])])


def test_variants_start_from_the_same_bits_on_the_device(setup):
    one, other = (
        dict(setup(model=model).model.named_parameters()) for model in ("tiny", {"name": "tiny", "middle": True})
    )
    assert other.keys() - one.keys() == {"middle.weight", "middle.bias"}
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_parts_of_the_split_do_not_overlap_and_every_trial_has_the_same(setup):
    one, other = setup(seed=0), setup(seed=1)
    assert len(one.train) + len(one.validation) == 96
    assert torch.equal(
        torch.cat([y for _, y in one.validation.in_order()]), torch.cat([y for _, y in other.validation.in_order()])
    )
    parts = [
        torch.cat([x for x, _ in batches.in_order()]).flatten(1).unique(dim=0)
        for batches in (one.train, one.validation)
    ]
    assert len(torch.cat(parts).unique(dim=0)) == sum(len(part) for part in parts)


def test_normalisation_is_measured_on_the_images_trained_on(setup, shapes):
    inputs = torch.cat([x for x, _ in setup().train.in_order()]).double()
    torch.testing.assert_close(inputs.mean((0, 2, 3)), torch.zeros(3, dtype=torch.double), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        inputs.std((0, 2, 3), correction=0), torch.ones(3, dtype=torch.double), atol=1e-5, rtol=0
    )
    given = setup(normalize={"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]})
    assert given.normalize == {"mean": [0.5] * 3, "std": [0.25] * 3}
    first = next(given.test.in_order())[0][0]
    np.testing.assert_allclose(first.permute(1, 2, 0), shapes.test.pixels[0] / 255 * 4 - 2, atol=1e-6)


@pytest.mark.parametrize("mean", [[0.5], [0.5] * 4])
def test_a_normalisation_of_other_channels_is_refused(setup, mean):
    with pytest.raises(InputError, match="normalize"):
        setup(normalize={"mean": mean, "std": [0.2] * 3})


def test_a_model_that_cannot_be_initialised_by_name_is_refused(setup):
    with pytest.raises(InputError, match="Offset '2' owns parameters but has no reset_parameters"):
        setup(model="fixed-offset")


def test_facts_are_those_of_the_model(setup):
    made = setup()
    assert made.facts.parameters == sum(p.numel() for p in made.model.parameters())
    assert [layer.name for layer in made.facts.layers if layer.parameters] == ["conv", "norm", "fc"]


def test_a_model_of_a_resolved_recipe_has_the_outputs_of_its_data(shapes, recipe):
    logits = build_model(recipe(), shapes.facts)(torch.zeros(2, 3, 32, 32))
    assert logits.shape == (2, 4)


def test_a_first_layer_is_fitted_to_the_training_images_and_is_the_same_for_every_seed(setup):
    one, other = (setup(model={"name": "fitted"}, seed=seed) for seed in (0, 1))
    shown = torch.cat([inputs for inputs, _ in one.train.in_order()])
    assert torch.equal(one.model.seen, shown.mean((0, 2, 3)))
    assert torch.equal(one.model.seen, other.model.seen)


def test_the_objective_is_compiled_only_where_that_is_asked_for(setup, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda objective, **how: objective.forward)
    assert setup().compiled is None
    made = setup(conditions=Conditions(compiled=True))
    assert made.compiled == made.plain.forward


def test_steps_go_through_blocks_in_fp32_on_a_cpu_and_what_probes_differentiate_does_not(setup, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda objective, **how: objective.forward)
    monkeypatch.setattr(blocks, "has_avx512", lambda: True)
    plain_cnn = {"name": "plain-cnn", "width": 16}
    made = setup(model=plain_cnn)
    assert made.plain.network is made.model
    assert made.objective.network is not made.model
    assert list(made.objective.network.parameters()) == list(made.model.parameters())
    for others in (
        setup(model=plain_cnn, precision="bf16"),
        setup(model=plain_cnn, conditions=Conditions(compiled=True)),
        setup(model={"name": "resnet14"}),
    ):
        assert others.objective.network is others.model


def test_linear_layers_are_sped_up_once_they_were_counted_and_never_under_the_compiler(setup, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda objective, **how: objective.forward)
    made = {}
    for faster in (False, True):
        monkeypatch.setattr(linear, "onednn_is_faster", lambda faster=faster: faster)
        for compiled in (False, True):
            made[faster, compiled] = setup(model="plain-cnn", conditions=Conditions(compiled=compiled))
    sped_up = {how for how, one in made.items() if type(one.model.get_submodule("fc1")) is not torch.nn.Linear}
    assert sped_up == {(True, False)}
    assert len({one.facts for one in made.values()}) == 1
