"""Synthetic plans and records: what the report is given, without any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from ceteris.report import drawing, page
from ceteris.study.arms import at_scale
from ceteris.study.keys import trial_key
from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.paths import differences
from ceteris.study.record import Cost, DataFacts, Epoch, Layer, ModelFacts, Record, Status
from ceteris.study.reported import Reported
from ceteris.study.streams import stream
from ceteris.study.vocabulary import Factor, Recipe, Scale, Study

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMAGES = 400
EPOCHS = 12


class World:
    """A made-up study: arms by name with their true accuracy, and how each trial ended.

    `plan` and `records` are what the report is given; everything is drawn from named streams.
    """

    def __init__(
        self,
        arms: Mapping[str, float],
        *,
        seeds: int = 3,
        classes: Sequence[str] = CIFAR,
        scale: str = "laptop",
        ended: Mapping[tuple[str, int], Status] | None = None,
        absent: Sequence[tuple[str, int]] = (),
        official: bool = True,
        confounded: Sequence[str] = (),
        threads: Mapping[str, int] | None = None,
        sealed: bool = True,
        **study: object,
    ) -> None:
        self.arms, self.classes, self.sealed = dict(arms), tuple(classes), sealed
        self.ended, self.threads = dict(ended or {}), dict(threads or {})
        fingerprint = "sha256:" + "ab" * 32
        self.data = DataFacts("cifar10", fingerprint, official, self.classes, 32, 3, 50000, 10000)
        recipes = {name: self.recipe(name, smoothing=name in confounded) for name in arms}
        drawn = self.study(seeds, next(iter(arms)), study)
        self.plan = Plan(
            study=at_scale(drawn, scale),
            scale=scale,
            overrides={},
            arms=tuple(self.arm(name, recipes, name in confounded) for name in arms),
            trials=tuple(
                PlannedTrial(name, seed, trial_key(recipes[name], fingerprint, seed))
                for seed in range(seeds)
                for name in arms
            ),
            source="made-up",
            options=("--scale", scale, "--allow-modified-data"),
            ceteris="0.1.0",
        )
        wanted = [trial for trial in self.plan.trials if (trial.arm, trial.seed) not in absent]
        self.records = {trial.key: self.record(trial, recipes[trial.arm]) for trial in wanted}

    def study(self, seeds: int, baseline: str, given: dict) -> Study:
        fields = {
            "name": "made-up",
            "question": "Do residual connections beat a plain network?",
            "baseline": Recipe.model_validate({"data": "cifar10", "model": "m", "optimizer": "sgd", "epochs": EPOCHS}),
            "baseline_name": baseline,
            "factors": [Factor("model", ["other"])],
            "scales": {"laptop": Scale(), "smoke": Scale()},
            "seeds": list(range(seeds)),
        }
        return Study(**fields | given)

    def recipe(self, name: str, *, smoothing: bool) -> dict:
        return {
            "data": {"name": "cifar10", "version": "1"},
            "model": {"name": name, "version": "1"},
            "split": {"validation": 0.1, "seed": 0, "train_images": 5000, "test_images": None},
            "loss": {"name": "cross-entropy", "version": "1", "smoothing": 0.1 if smoothing else 0.0},
            "optimizer": {"name": "sgd", "version": "1", "lr": 0.1},
            "epochs": EPOCHS,
        }

    def arm(self, name: str, recipes: dict, confounded: bool) -> PlannedArm:
        place = list(recipes).index(name)
        baseline = next(iter(recipes.values()))
        layers = tuple(Layer(f"layers.{i}", "Conv2d", (3, 32, 32), (16, 32, 32), 448, 442368) for i in range(6))
        model = ModelFacts(615_338 // (place + 1), 3_200_000 * (place + 1) ** 2, layers)
        levels = {"model": name} if place else {}
        differs = differences(baseline, recipes[name])
        return PlannedArm(name, levels, recipes[name], differs, confounded, self.data, model, 60.0, "guess")

    def record(self, trial: PlannedTrial, recipe: dict) -> Record:
        status = self.ended.get((trial.arm, trial.seed), Status.FINISHED)
        place = list(self.arms).index(trial.arm)
        environment = {
            "ceteris": "0.1.0",
            "torch": "2.13.0",
            "device": "cpu",
            "threads": self.threads.get(trial.arm, 1),
        }
        record = Record(trial.key, status, recipe, trial.seed, self.data, environment)
        planned = self.plan.arms[place]
        if status is Status.FAILED:
            return replace(record, reason="RuntimeError: boom", log="Traceback\n  line\nRuntimeError: boom")
        draws = stream(trial.seed, f"made/{trial.arm}")
        accuracy = 1 / len(self.classes) if status is Status.DID_NOT_LEARN else self.arms[trial.arm]
        epochs = self.curves(draws, accuracy, broken=status is Status.DIVERGED)
        cost = Cost(40.0 + 25 * place + draws.uniform(), 3.0, 3000 / (place + 1), 2**28 * (place + 1), place > 0)
        record = replace(record, model=planned.model, epochs=epochs, cost=cost)
        if status is Status.DIVERGED:
            return replace(record, reason="the loss is not finite in epoch 4")
        return self.tested(record, draws, accuracy)

    def curves(self, draws: np.random.Generator, accuracy: float, *, broken: bool) -> tuple[Epoch, ...]:
        made = []
        for epoch in range(1, 5 if broken else EPOCHS + 1):
            grown = accuracy * (1 - 0.7 * np.exp(-epoch / 3)) + 0.008 * draws.normal()
            loss = float("nan") if broken and epoch == 4 else 2.3 * (1 - grown)
            made.append(
                Epoch(epoch, 0.8 * loss, min(1.0, grown * 1.06), loss, grown, 0.1, 3.5 + draws.uniform(), 1300.0, grown)
            )
        return tuple(made)

    def tested(self, record: Record, draws: np.random.Generator, accuracy: float) -> Record:
        count = len(self.classes)
        labels = np.arange(IMAGES) % count
        neighbour = np.where(labels % 2, labels - 1, np.minimum(labels + 1, count - 1))
        hard = stream(0, "made/hard").permutation(IMAGES)
        wrong = np.zeros(IMAGES, bool)
        wrong[hard[: round(IMAGES * (1 - accuracy) / 2)]] = True
        wrong |= draws.uniform(size=IMAGES) < (1 - accuracy) / 2
        slip = np.where(
            draws.uniform(size=IMAGES) < 0.6, neighbour, (labels + draws.integers(1, count, IMAGES)) % count
        )
        predicted = np.where(wrong, slip, labels).astype(np.int16)
        chosen = int(np.argmax([epoch.validation_top1 for epoch in record.epochs])) + 1
        arrays = {
            "logits": np.zeros((IMAGES, count), np.float16),
            "predicted": predicted,
            "labels": labels.astype(np.int16),
            "image": np.arange(IMAGES, dtype=np.int64),
        }
        if self.sealed:
            noise = draws.uniform(size=(len(record.epochs), IMAGES)) < 0.05
            sealed = np.where(noise, neighbour, predicted)
            sealed[chosen - 1] = predicted
            arrays["sealed_predicted"] = sealed.astype(np.int16)
        shown = np.flatnonzero(predicted != labels)[:24]
        examples = {
            "image": shown.astype(np.int64),
            "pixels": stream(1, "made/pixels").integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)[shown],
            "labels": labels[shown].astype(np.int16),
            "predicted": predicted[shown],
        }
        top1 = float((predicted == labels).mean())
        metrics = {"top1": top1, "top5": (1 + top1) / 2, "nll": 2.3 * (1 - top1)}
        metrics["validation_top1"] = record.epochs[chosen - 1].validation_top1
        return replace(record, chosen_epoch=chosen, metrics=metrics, predictions=arrays, examples=examples)


@pytest.fixture
def quick(monkeypatch):
    """Without PNG and PDF, which take most of the time and are looked at elsewhere."""
    save = drawing._saved
    monkeypatch.setattr(drawing, "_saved", lambda figure, kind, **o: save(figure, kind, **o) if kind == "svg" else b"")


@pytest.fixture
def undrawn(monkeypatch):
    """Without any figure, for tests of what is said beside them."""
    monkeypatch.setattr(page, "render", lambda shown: drawing.Rendered(shown, (), (), {}))


@pytest.fixture(scope="session")
def world():
    """Makes a World from arms and what happened to them."""
    return World


@pytest.fixture(scope="session")
def two_arms():
    """The plain case: two arms, three seeds, everything finished, with numbers reported elsewhere."""
    reported = {"plain-cnn": Reported(top1=0.7672, source="lab report", note="best test epoch")}
    return World(
        {"plain-cnn": 0.72, "resnet14": 0.84},
        reported=reported,
        notes=["A made-up study."],
        assumed={"optimizer.lr": "left out"},
    )


@pytest.fixture(scope="session")
def troubled():
    """Four arms: one fine, one confounded, one that diverged, one half missing; modified data, two environments."""
    return World(
        {"plain-cnn": 0.72, "resnet14": 0.73, "a network with quite a long name": 0.7, "wide": 0.8, "none": 0.5},
        ended={
            ("wide", 1): Status.DIVERGED,
            ("none", 0): Status.DID_NOT_LEARN,
            ("none", 1): Status.DID_NOT_LEARN,
            ("none", 2): Status.FAILED,
        },
        absent=[("a network with quite a long name", 1), ("a network with quite a long name", 2)],
        official=False,
        confounded=["resnet14"],
        threads={"wide": 2},
    )
