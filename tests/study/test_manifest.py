"""The plan as it is written down."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.record import DataFacts, Layer, ModelFacts
from ceteris.study.reported import Reported
from ceteris.study.vocabulary import EarlyStopping, Factor, Normalize, Recipe, Scale, Study

FACTS = DataFacts("digits", "f" * 64, True, ("0", "1"), 8, 1, 1437, 360, ("a note",))
MODEL = ModelFacts(10, 20, (Layer("fc", "Linear", (64,), (10,), 650, 640),))


def a_plan():
    study = Study(
        name="study", question="q?", seeds=[3, 5], reported={"gelu": Reported(top1=0.5, source="a report")},
        scales={"smoke": Scale(set={"epochs": 1}, seeds=1)}, factors=[Factor("model.activation", ["gelu"])],
        variants={"wide": {"model.width": 64}}, assumed={"epochs": "left out"}, notes=["é"],
        baseline=Recipe(
            data="digits", model="lenet", optimizer={"name": "sgd", "lr": 0.1}, epochs=3, augment=["flip"],
            early_stopping=EarlyStopping(patience=2), normalize=Normalize(mean=[0.5], std=[0.25]),
        ),
    )  # fmt: skip
    differs = {"model.activation": (None, "gelu"), "augment": ([], [{"name": "flip"}])}
    gelu = {"model.activation": "gelu"}
    planned = [
        PlannedArm("lenet", {}, {"epochs": 3}, {}, False, FACTS, MODEL, 1.5, "records"),
        PlannedArm("gelu", gelu, {"epochs": 3, "lr": 1e-05}, differs, True, FACTS, MODEL, None, "guess"),
    ]
    trials = tuple(PlannedTrial(arm.name, seed, f"{arm.name}{seed}") for seed in study.seeds for arm in planned)
    return Plan(study, "full", {"epochs": 3}, tuple(planned), trials, "study.yaml", ("--seeds", "2"), "0.1")


def test_a_plan_reads_back_equal():
    plan = a_plan()

    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()


def test_the_first_arm_is_the_baseline_and_trials_come_in_seed_order():
    plan = a_plan()

    assert plan.baseline.name == "lenet"
    assert [trial.seed for trial in plan.trials_of("gelu")] == [3, 5]


def test_what_was_set_is_said_with_the_scale():
    plan = a_plan()

    assert plan.scale_and_changes == "full (epochs=3)"
    assert replace(plan, overrides={}).scale_and_changes == "full"


def test_arms_with_the_same_trials_are_one_recipe_under_two_names():
    plan = a_plan()
    twin = tuple(replace(trial, arm="twin") for trial in plan.trials_of("gelu"))
    doubled = replace(plan, arms=(*plan.arms, replace(plan.arms[1], name="twin")), trials=plan.trials + twin)

    assert [doubled.same_recipe(arm.name) for arm in doubled.arms] == [None, None, "gelu"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"not json"])
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(ValidationError):
        Plan.from_json(text)


@pytest.mark.parametrize(
    ("source", "options", "imports"),
    [
        ("study.yaml", ("--seeds", "2"), ""),
        ("c:/studies/study.yaml", (), ""),
        ("quickstart", ("--import", "a", "--set", "epochs=3", "--import", "b.c"), "--import=a --import=b.c"),
        ("own.study:study", (), "--import=own.study"),
    ],
)
def test_the_command_that_exports_a_trial_imports_what_its_network_may_need(source, options, imports):
    command = replace(a_plan(), source=source, options=options).export_command("abcd")
    assert command == f"ceteris export abcd --to trained {imports}".rstrip()
