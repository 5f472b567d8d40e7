"""Which combination of levels each arm of a factorial plan is."""

from ceteris.study.arms import arms
from ceteris.study.design import factorial_design
from ceteris.study.manifest import Plan, PlannedArm
from ceteris.study.record import DataFacts, ModelFacts
from ceteris.study.vocabulary import Factor, Recipe, Study

FACTS = DataFacts("digits", "f" * 64, True, ("0", "1"), 8, 1, 1437, 360)
RATE = Factor("optimizer.lr", [0.01, 0.001])
NORM = Factor("model.norm", ["none"])


def a_plan(baseline=("model", {"name": "plain-cnn"}), defaults=(), **study):
    recipe = {"data": "digits", "model": "plain-cnn", "optimizer": {"name": "sgd", "lr": 0.1}, "epochs": 1}
    made = Study(name="study", question="q?", baseline=Recipe.model_validate(recipe | dict([baseline])), **study)
    planned = [
        PlannedArm(
            arm.name, arm.levels, arm.recipe.plain() | dict(defaults), {}, False, FACTS, ModelFacts(1, 1, ()), 1.0, ""
        )
        for arm in arms(made)
    ]
    return Plan(made, "full", {}, tuple(planned), (), "study.yaml", (), "0.1")


def test_every_arm_is_one_combination_with_the_baseline_s_levels_first():
    norms = Factor("model.norm", ["group"])
    plan = a_plan(("model", {"name": "plain-cnn", "norm": "batch"}), factors=[norms, RATE], design="factorial")
    design = factorial_design(plan)

    assert design.levels == {"norm": ("batch", "group"), "lr": ("0.1", "0.01", "0.001")}
    assert list(design.arms.values()) == [
        ("batch", "0.1"), ("batch", "0.01"), ("batch", "0.001"), ("group", "0.1"), ("group", "0.01"), ("group", "0.001")
    ]  # fmt: skip
    assert list(design.arms) == [arm.name for arm in plan.arms]


def test_a_level_that_the_study_leaves_to_a_default_comes_from_the_resolved_recipe():
    resolved = {"model": {"name": "plain-cnn", "version": "1", "norm": "batch"}}.items()
    assert factorial_design(a_plan(defaults=resolved, factors=[NORM, RATE], design="factorial")).levels["norm"] == (
        "batch",
        "none",
    )


def test_a_level_of_the_baseline_s_name_is_told_apart():
    plan = a_plan(factors=[Factor("optimizer.lr", {"0.1": 0.2}), NORM], design="factorial")
    assert factorial_design(plan).levels["lr"] == ("0.1 (baseline)", "0.1")


def test_variants_are_one_factor_and_factors_of_one_name_are_called_by_their_paths():
    plan = a_plan(
        factors=[Factor("model.width", [8]), Factor("optimizer.width", [1])],
        variants={"wide": {"epochs": 2}},
        design="factorial",
    )
    design = factorial_design(plan)

    assert design.factors == ("variant", "model.width", "optimizer.width")
    assert design.levels["variant"] == ("baseline", "wide")
    assert len(design.arms) == 8


def test_an_a_a_check_is_no_combination():
    plan = a_plan(factors=[NORM, RATE], design="factorial", seeds=[0], again=[7])
    assert len(factorial_design(plan).arms) == len(plan.arms) - 1


def test_other_designs_have_none():
    assert factorial_design(a_plan(factors=[NORM, RATE])) is None
    assert factorial_design(a_plan(factors=[RATE], design="factorial")) is None
