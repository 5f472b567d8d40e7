"""From a study to its arms, at every scale and with settings laid over them."""

import pytest

from ceteris.errors import InputError
from ceteris.study.arms import AGAIN, arms, at_scale, scale_of
from ceteris.study.keys import canonical_json
from ceteris.study.reading import StudyFile, write_study
from ceteris.study.reported import Reported
from ceteris.study.vocabulary import Factor, Recipe, Scale, Study

BASELINE = Recipe(
    data="digits",
    model={"name": "plain-cnn", "activation": "relu"},
    optimizer={"name": "sgd", "lr": 0.1},
    epochs=30,
)
ACTIVATION = Factor("model.activation", ["gelu", "silu"])
RATE = Factor("optimizer.lr", [0.01])


def a_study(**fields):
    return Study(**({"name": "study", "question": "q?", "baseline": BASELINE, "factors": [ACTIVATION]} | fields))


def names(study, **options):
    return [arm.name for arm in arms(study, **options)]


def refused(study, **options):
    with pytest.raises(InputError) as caught:
        arms(study, **options)
    return [str(problem) for problem in caught.value.problems]


def test_one_at_a_time_is_the_baseline_and_each_level_alone():
    study = a_study(factors=[ACTIVATION, RATE])
    found = arms(study)

    assert [dict(arm.levels) for arm in found] == [
        {}, {"model.activation": "gelu"}, {"model.activation": "silu"}, {"optimizer.lr": "0.01"},
    ]  # fmt: skip
    assert names(study) == ["baseline", "activation=gelu", "activation=silu", "lr=0.01"]
    assert found[0].recipe == BASELINE
    assert [arm.recipe.model.options["activation"] for arm in found] == ["relu", "gelu", "silu", "relu"]
    assert [arm.recipe.optimizer.options["lr"] for arm in found] == [0.1, 0.1, 0.1, 0.01]


def test_factorial_is_every_combination_once():
    found = arms(a_study(factors=[ACTIVATION, RATE], design="factorial"))
    combinations = {(arm.recipe.model.options["activation"], arm.recipe.optimizer.options["lr"]) for arm in found}

    assert found[0].levels == {}
    assert len(found) == 6
    assert combinations == {(a, lr) for a in ("relu", "gelu", "silu") for lr in (0.1, 0.01)}
    assert found[-1].name == "activation=silu lr=0.01"


def test_the_only_factor_names_the_arms_by_its_values():
    assert names(a_study()) == ["relu", "gelu", "silu"]
    assert names(a_study(baseline_name="plain")) == ["plain", "gelu", "silu"]
    assert names(a_study(factors=[Factor("optimizer", {"slow": {"name": "sgd", "lr": 0.01}})]))[1:] == ["slow"]
    assert names(a_study(factors=[Factor("augment", [["flip", {"name": "crop", "padding": 4}]])])) == [
        "none", "flip + crop (padding=4)",
    ]  # fmt: skip


def test_a_variant_is_a_whole_recipe_laid_over_the_baseline():
    study = a_study(factors=[], variants={"resnet": {"model": "resnet14", "epochs": 5}})
    baseline, variant = arms(study)

    assert (baseline.name, variant.name) == ("plain-cnn", "resnet")
    assert variant.recipe.model.name == "resnet14"
    assert variant.recipe.model.options == {}
    assert variant.recipe.epochs == 5
    assert variant.recipe.optimizer == BASELINE.optimizer
    assert dict(variant.levels) == {"variant": "resnet"}


def test_a_factor_reaches_into_a_variant():
    study = a_study(variants={"resnet": {"model": "resnet14"}}, design="factorial")
    last = arms(study)[-1]

    assert last.name == "resnet activation=silu"
    assert last.recipe.model.name == "resnet14"
    assert last.recipe.model.options == {"activation": "silu"}


def test_a_scale_and_overrides_are_laid_over_every_arm():
    study = a_study(scales={"laptop": Scale(set={"epochs": 3, "split.train_images": 500}, seeds=2, margin=0.02)})
    found = arms(study, "laptop", {"batch_size": 64, "epochs": 4})

    assert {(arm.recipe.epochs, arm.recipe.split.train_images, arm.recipe.batch_size) for arm in found} == {
        (4, 500, 64)
    }
    assert [arm.recipe.epochs for arm in arms(study)] == [30, 30, 30]
    assert (at_scale(study, "laptop").seeds, at_scale(study, "laptop").margin) == ([0, 1], 0.02)
    assert at_scale(study, "laptop", [7]).seeds == [7]
    assert at_scale(study) == study


def test_an_unknown_scale_is_refused():
    with pytest.raises(InputError, match="did you mean 'laptop'"):
        scale_of(a_study(scales={"laptop": Scale()}), "labtop")


@pytest.mark.parametrize("path", ["model.activation", "model"])
def test_a_setting_that_would_hide_a_factor_is_refused(path):
    assert "would hide the factor 'model.activation'" in refused(a_study(), overrides={path: "relu"})[0]
    assert "would hide the factor" in refused(a_study(scales={"smoke": Scale(set={path: "relu"})}), scale="smoke")[0]


def test_a_neighbouring_option_may_be_set():
    found = arms(a_study(), overrides={"model.width": 8})

    assert [arm.recipe.model.options["width"] for arm in found] == [8, 8, 8]
    assert [arm.recipe.model.options["activation"] for arm in found] == ["relu", "gelu", "silu"]


def test_paths_and_values_that_lead_nowhere_are_refused_once():
    assert refused(a_study(), overrides={"epoch": 3}) == [
        "epoch: a recipe has no field 'epoch' (did you mean 'epochs'?)"
    ]
    assert refused(a_study(), overrides={"epochs": 0}) == ["epochs: epochs must be greater than 0, not 0"]
    assert refused(a_study(), overrides={"split.validaton": 0.2}) == [
        "split.validaton: unknown field 'validaton' (did you mean 'validation'?)"
    ]


def test_arms_have_names_of_their_own_and_numbers_belong_to_arms():
    assert refused(a_study(baseline_name="gelu")) == ["two arms are called 'gelu'"]
    assert refused(a_study(reported={"gelo": Reported(top1=0.5)})) == [
        "reported: no arm is called 'gelo' (did you mean 'gelu'?)"
    ]


def test_levels_keep_apart_what_rounding_would_merge():
    assert names(a_study(factors=[Factor("optimizer.lr", [0.1234567, 0.1234568, 1e-5])]))[1:] == [
        "0.1234567", "0.1234568", "1e-05",
    ]  # fmt: skip


def test_yaml_and_python_give_the_same_arms():
    study = a_study(factors=[ACTIVATION, RATE], design="factorial", variants={"wide": {"model.width": 64}})
    from_file = StudyFile(write_study(study), "f.yaml").study()

    assert arms(from_file) == arms(study)
    assert [canonical_json(arm.recipe.plain()) for arm in arms(from_file)] == [
        canonical_json(arm.recipe.plain()) for arm in arms(study)
    ]


def test_an_a_a_check_is_the_baseline_once_more_as_the_last_arm():
    found = arms(a_study(seeds=[0, 1], again=[8, 5]))

    assert [arm.name for arm in found] == ["relu", "gelu", "silu", "relu again"]
    assert found[-1].recipe == found[0].recipe
    assert found[-1].levels == {AGAIN: "8, 5"}
    assert names(a_study(factors=[], again=[7, 8, 9])) == ["plain-cnn", "plain-cnn again"]


def test_an_a_a_check_follows_the_scale():
    study = a_study(seeds=3, again=[7, 8, 9], scales={"smoke": Scale(set={"epochs": 1}, seeds=2)})

    assert at_scale(study, "smoke").again == [7, 8]
    assert [arm.recipe.epochs for arm in arms(study, scale="smoke")] == [1] * 4
    assert at_scale(study).again == [7, 8, 9]
    for seeds, said in ((list(range(5)), "has 3 seeds of its own, and 5 are needed"), ([4, 8], "seed 8 is one of")):
        with pytest.raises(InputError, match=said):
            at_scale(study, seeds=seeds)


def test_nothing_is_claimed_or_printed_of_an_a_a_check():
    study = a_study(again=[7, 8, 9], reported={"relu again": Reported(top1=0.5)})

    assert refused(study) == ["reported: no arm is called 'relu again' (known: gelu, relu, silu)"]
