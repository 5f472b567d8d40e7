"""A small finished study in which every string that a stranger can choose is given from outside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ceteris.study.keys import trial_key
from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.paths import differences
from ceteris.study.record import Cost, DataFacts, Epoch, Layer, ModelFacts, Record, Status
from ceteris.study.reported import Reported
from ceteris.study.streams import stream
from ceteris.study.vocabulary import Factor, Recipe, Study

PLACES = (
    "question", "baseline's name", "arm's name", "note", "assumption", "claim", "class", "other class", "data's name",
    "data's note", "file name", "option", "environment", "reason", "log", "source of a number", "recipe", "layer",
)  # fmt: skip
"""Where strings come from outside: study files, folders of images, file names, records of other machines."""
IMAGES, SEEDS = 24, (0, 1, 2)
_FINGERPRINT = "ab" * 32


def hostile_study(text: Callable[[str], str]) -> tuple[Plan, dict[str, Record]]:
    """A plan of two arms and its records by key; `text` gives the string of each of PLACES. The last trial failed."""
    names = text("baseline's name"), text("arm's name")
    classes = (text("class"), text("other class"), "cat")
    data = DataFacts(text("data's name"), _FINGERPRINT, False, classes, 4, 3, 200, IMAGES, (text("data's note"),))
    layer = Layer(text("layer"), "Conv2d", (3, 4, 4), (8, 4, 4), 224, 3584)
    model = ModelFacts(1000, 50_000, (layer,))
    optimizer = {"name": "sgd", "version": "1", "lr": 0.1}
    recipes = [
        {"data": {"name": "folder"}, "model": {"name": name, "remark": text("recipe")}, "optimizer": optimizer}
        for name in names
    ]
    arms = tuple(
        PlannedArm(name, {"model": name} if place else {}, recipe, differences(recipes[0], recipe), False, data, model,
                   60.0, "guess")
        for place, (name, recipe) in enumerate(zip(names, recipes, strict=True))
    )  # fmt: skip
    trials = tuple(
        PlannedTrial(arm.name, seed, trial_key(arm.recipe, _FINGERPRINT, seed)) for seed in SEEDS for arm in arms
    )
    source, options = text("file name"), ("--set", text("option"))
    plan = Plan(_study(text, names), "full", {}, arms, trials, source, options, "0.1.0")
    recipe_of = {arm.name: arm.recipe for arm in arms}
    records = {one.key: _finished(one, recipe_of[one.arm], data, model, text) for one in trials[:-1]}
    lost = trials[-1]
    records[lost.key] = Record(
        lost.key, Status.FAILED, recipe_of[lost.arm], lost.seed, data, {}, reason=text("reason"), log=text("log")
    )
    return plan, records


def _study(text: Callable[[str], str], names: tuple[str, str]) -> Study:
    expected = {"measure": "top1", "arm": names[1], "expect": "higher"}
    return Study(
        name="hostile",
        question=text("question"),
        baseline=Recipe.model_validate({"data": "folder", "model": "m", "optimizer": "sgd", "epochs": 2}),
        baseline_name=names[0],
        factors=[Factor("model", ["other"])],
        seeds=list(SEEDS),
        claims=[{"text": text("claim"), "all": [expected]}],
        reported={names[0]: Reported(top1=0.5, source=text("source of a number"))},
        assumed={"optimizer.lr": text("assumption")},
        notes=[text("note")],
    )


def _finished(
    trial: PlannedTrial, recipe: dict[str, object], data: DataFacts, model: ModelFacts, text: Callable[[str], str]
) -> Record:
    draws = stream(trial.seed, "faults/hostile_study")
    labels = np.arange(IMAGES, dtype=np.int16) % 3
    predicted = np.where(draws.uniform(size=IMAGES) < 0.4, (labels + 1) % 3, labels).astype(np.int16)
    top1 = float((predicted == labels).mean())
    wrong = np.flatnonzero(predicted != labels)
    return Record(
        trial.key, Status.FINISHED, recipe, trial.seed, data, {"device": text("environment"), "threads": 1},
        model=model,
        epochs=tuple(Epoch(n, 1.0, top1, 1.0, top1, 0.1, 1.0, 100.0, top1) for n in (1, 2)),
        chosen_epoch=2,
        metrics={"top1": top1, "top5": 1.0, "nll": 1.0, "validation_top1": top1},
        cost=Cost(2.0, 0.1, 100.0, 2**20, False),
        predictions={
            "logits": np.zeros((IMAGES, 3), np.float16), "predicted": predicted, "labels": labels,
            "image": np.arange(IMAGES, dtype=np.int64), "sealed_predicted": np.stack([predicted, predicted]),
        },
        examples={
            "image": wrong.astype(np.int64), "pixels": np.zeros((len(wrong), 4, 4, 3), np.uint8),
            "labels": labels[wrong], "predicted": predicted[wrong],
        },
    )  # fmt: skip
