"""What differs between two arms, and which of them was tuned more."""

import pytest

from ceteris.study.claims import Claim, Expectation
from ceteris.study.fairness import (
    ConfoundedPair,
    UnequalTuning,
    confounded_pairs,
    is_confounded,
    recipe_differences,
    unequal_tuning,
)
from ceteris.study.manifest import PlannedArm
from ceteris.study.record import DataFacts, ModelFacts

FACTS = DataFacts("digits", "f" * 64, True, ("0", "1"), 8, 1, 1437, 360)
MODEL = ModelFacts(10, 20, ())
SGD = {"name": "sgd", "version": "1", "lr": 0.1, "momentum": 0.9}
ADAM = {"name": "adam", "version": "1", "lr": 0.1, "betas": [0.9, 0.999]}


def arm(name, model="cnn", optimizer=SGD, levels=None, batch_size=32, **changed):
    recipe = {
        "model": {"name": model, "version": "1", "width": 4}, "optimizer": optimizer | changed, "batch_size": batch_size
    }  # fmt: skip
    return PlannedArm(name, levels or {}, recipe, {}, False, FACTS, MODEL, None, "guess")


def test_three_learning_rates_of_one_network_and_one_of_the_other():
    arms = [arm("cnn"), arm("cnn 0.01", lr=0.01), arm("cnn 0.001", lr=0.001), arm("resnet", "resnet")]

    assert unequal_tuning(arms) == [
        UnequalTuning("optimizer.lr", (0.1, 0.01, 0.001), ("cnn", "cnn 0.01", "cnn 0.001"), ("resnet",))
    ]


def test_the_same_search_for_both_is_equal():
    searched = [arm(f"{model} {lr}", model, lr=lr) for model in ("cnn", "resnet") for lr in (0.1, 0.01)]

    assert unequal_tuning(searched) == []
    assert [one.others for one in unequal_tuning(searched[:-1])] == [("resnet 0.1",)]


def test_a_search_alone_is_no_unequal_one():
    assert unequal_tuning([arm("a"), arm("b", lr=0.01), arm("c", lr=0.001), arm("d", lr=0.1)]) == []


def test_other_values_of_the_same_number_are_equal_tuning():
    assert unequal_tuning([arm("cnn", lr=0.1), arm("resnet", "resnet", lr=0.01)]) == []


def test_momentum_says_nothing_about_an_optimizer_without_it():
    assert unequal_tuning([arm("sgd", momentum=0.0), arm("momentum"), arm("adam", optimizer=ADAM)]) == []


def test_two_optimizers_one_with_more_learning_rates():
    found = unequal_tuning([arm("adam", optimizer=ADAM), arm("sgd 0.1"), arm("sgd 0.01", lr=0.01)])

    assert [(one.path, one.arms, one.others) for one in found] == [("optimizer.lr", ("sgd 0.1", "sgd 0.01"), ("adam",))]


def test_batch_sizes_and_options_that_are_lists_are_tuned_too():
    betas = arm("b", optimizer=ADAM, betas=[0.8, 0.9], batch_size=64)
    found = unequal_tuning([arm("a", optimizer=ADAM), betas, arm("c", "resnet", optimizer=ADAM)])

    assert [(one.path, one.values) for one in found] == [
        ("optimizer.betas", ((0.9, 0.999), (0.8, 0.9))), ("batch_size", (32, 64))
    ]  # fmt: skip


def claim(one, than, measure="top1"):
    return Claim(text="?", all=[Expectation(measure=measure, arm=one, than=than, expect="higher")])


def test_a_claim_may_compare_two_arms_that_differ_in_two_things():
    arms = [
        arm("cnn"), arm("resnet", "resnet", levels={"variant": "resnet"}),
        arm("adam", optimizer=ADAM, levels={"variant": "adam"}), arm("wide", "vgg", levels={"variant": "wide"}),
    ]  # fmt: skip
    claims = [
        claim("adam", "resnet"), claim("adam", "resnet"), claim("wide", "resnet"), claim("adam", None),
        claim("adam", "cnn"), claim("adam", "wide", "macs"),
    ]  # fmt: skip

    assert confounded_pairs(arms, claims) == [ConfoundedPair("adam", "resnet", ("model", "optimizer"))]


def test_two_levels_of_one_factor_differ_in_that_factor_only():
    arms = [
        arm("baseline"), arm("slow", lr=0.01, momentum=0.5, levels={"optimizer": "slow"}),
        arm("slower", lr=0.001, momentum=0.1, levels={"optimizer": "slower"}),
        arm("small", batch_size=8, levels={"batch_size": "8"}),
    ]  # fmt: skip

    assert confounded_pairs(arms, [claim("slow", "slower")]) == []
    assert [pair.paths for pair in confounded_pairs(arms, [claim("slow", "small")])] == [
        ("optimizer.lr", "optimizer.momentum", "batch_size")
    ]


def test_versions_are_no_setting():
    newer = arm("newer", optimizer=SGD | {"version": "2"})

    assert recipe_differences(arm("a").recipe, newer.recipe) == {}


@pytest.mark.parametrize(
    ("changed", "differs", "confounded"),
    [
        (["optimizer"], ["optimizer.lr", "optimizer.momentum"], False),
        (["model.width"], ["model"], False),
        (["optimizer.lr"], ["optimizer.lr", "epochs"], True),
        (["optimizer.lr"], ["optimizer.lr_end"], True),
        (["variant"], ["model"], False),
        (["variant"], ["model", "optimizer.lr"], True),
        (["model", "optimizer.lr"], ["model", "optimizer.lr"], True),
        ([], [], False),
    ],
)
def test_more_than_the_factor_named(changed, differs, confounded):
    assert is_confounded(changed, differs) is confounded
