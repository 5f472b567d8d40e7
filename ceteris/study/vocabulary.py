"""The words of a study: Recipe, Factor, Study and what they are made of.

A Recipe holds everything that decides the numbers except the seed. Nothing here knows where or how fast a trial runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ceteris.study.claims import Claim
from ceteris.study.correction import Correction, check_correction
from ceteris.study.keys import canonical_json
from ceteris.study.reported import Reported
from ceteris.study.seeds import Looked, Seeds, SomeSeeds, is_whole_number
from ceteris.study.strict import Strict

Value = Any
"""A plain value as YAML or JSON knows it."""

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
FULL = "full"


class PartSpec(BaseModel):
    """A part by name with the options that were given: `"relu"` or `{"name": "crop", "padding": 4}`."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_an_identity(self) -> PartSpec:
        canonical_json(self.options)
        return self

    @property
    def options(self) -> dict[str, Value]:
        return dict(self.model_extra or {})

    @property
    def label(self) -> str:
        """The name, with its options in brackets when there are any."""
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self.options.items())
        return f"{self.name} ({shown})" if shown else self.name


def _part_from_name(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str | Mapping) else given


PartField = Annotated[PartSpec, BeforeValidator(_part_from_name)]
PartList = Annotated[list[PartField], BeforeValidator(_listed)]
"""One part, or several in order."""


class Split(Strict):
    """Which images are trained on, validated on and tested on; stratified by class.

    Attributes:
        validation: share of the training images set aside for every choice made during training.
        seed: of the split itself; the same for all trials, so that all seeds share one split.
        train_images: use only that many images of the training set (before the split); None for all.
        test_images: use only that many images of the test set; None for all.
    """

    validation: float = Field(default=0.1, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    train_images: int | None = Field(default=None, gt=0)
    test_images: int | None = Field(default=None, gt=0)


class EarlyStopping(Strict):
    """Stop when validation top-1 has not risen for `patience` epochs (Prechelt 1998)."""

    patience: int = Field(gt=0)


class Normalize(Strict):
    """Per channel, on values in [0, 1]: subtract `mean`, divide by `std`."""

    mean: list[float] = Field(min_length=1)
    std: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)


class Recipe(Strict):
    """Everything that decides the numbers of a trial, except its seed.

    Attributes:
        data: data set; `ceteris parts data` lists them.
        split: how the training images are divided.
        model: architecture and its options.
        augment: batched augmentations in order; none by default.
        normalize: channel mean and standard deviation, or "train": measured on the images trained on.
        loss: training loss.
        optimizer: with its learning rate.
        schedule: of the learning rate.
        epochs: passes over the training images, at most.
        batch_size: images per step; the last, smaller batch of an epoch is used too.
        precision: "fp32"; "tf32", which rounds the inputs of products on GPUs that can; or "bf16" for automatic mixed
            precision with fp32 weights: faster where the device has instructions for it, far slower elsewhere.
        early_stopping: none by default.
        weights: which epoch is tested: the "best" on validation top-1 (the first of equals) or the "last".
    """

    data: PartField
    model: PartField
    optimizer: PartField
    epochs: int = Field(gt=0)
    batch_size: int = Field(default=128, gt=0)
    split: Split = Split()
    augment: PartList = Field(default_factory=list)
    normalize: Literal["train"] | Normalize = "train"
    loss: PartField = PartSpec(name="cross-entropy")
    schedule: PartField = PartSpec(name="constant")
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    early_stopping: EarlyStopping | None = None
    weights: Literal["best", "last"] = "best"

    def plain(self) -> dict[str, Value]:
        """The recipe as plain values, defaults of its own fields included."""
        return self.model_dump(mode="json")


class Factor(Strict):
    """What changes: a dotted path into the recipe and its levels, besides the baseline's own value.

    `Factor("model.activation", ["gelu", "silu"])`, or with names: `Factor("optimizer", {"slow": {...}})`.
    """

    path: str = Field(pattern=r"^[a-z_0-9]+(\.[a-z_0-9]+)*$")
    levels: dict[str, Value] = Field(min_length=1)

    def __init__(
        self, path: str | None = None, levels: Mapping[str, Value] | Sequence[Value] | None = None, **fields: Any
    ) -> None:
        """Both are needed: pydantic says which is missing, and where, when a study file leaves one out."""
        given = {name: value for name, value in (("path", path), ("levels", levels)) if value is not None}
        super().__init__(**given, **fields)

    @field_validator("levels", mode="before")
    @classmethod
    def _name_levels(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            names = [level_name(value) for value in given]
            if twice := [name for name in names if names.count(name) > 1]:
                raise ValueError(f"two levels are called {twice[0]!r}; give them names of their own")
            return dict(zip(names, given, strict=True))
        return given

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(".")[2]


class Scale(Looked):
    """A smaller version of the study: settings laid over every arm, and perhaps fewer seeds.

    Attributes:
        set: dotted path -> value, laid over the recipe of every arm.
        seeds: replaces the study's seeds, looks and all.
        margin: replaces the study's margin.
        about: one line that says how long it takes, or what it is good for.
    """

    set: dict[str, Value] = Field(default_factory=dict)
    seeds: SomeSeeds = None
    margin: float | None = Field(default=None, gt=0, le=0.5)
    about: str = ""


class Study(Looked):
    """A question and the experiment that answers it, fixed before anything is trained.

    Attributes:
        name: lower-case words joined by hyphens.
        question: one sentence.
        baseline: the recipe that every arm is compared with.
        baseline_name: how the baseline is called; by default its own value of the only factor.
        factors: what changes.
        variants: arms that are whole recipes: name -> recipe fields that replace the baseline's.
        design: "one_at_a_time": the baseline and each level alone; "factorial": every combination.
        seeds: a count (3 means 0, 1, 2) or a list; every arm is trained with the same seeds. Or
            `{"looks": [3, 5, 10]}`: the contrasts are tested after 3, 5 and 10 seeds, and only those still open go on.
        metric: the number compared, from the test predictions.
        margin: the smallest difference that matters, as a fraction (0.005 is half a percentage point).
        alpha: error rate of the whole family of contrasts.
        pairing: "paired": arms are compared seed by seed; "independent": by Welch's test.
        correction: "holm"; "dunnett": equal spread declared; "exploratory": a list of finds, none of them confirmed.
        again: seeds of an A/A check: the baseline is trained once more under them, as an arm of its own, and compared
            by Welch's test. As many as `seeds` and none of these; factors and variants may then be left out.
        sealed_test_curve: keep the test predictions of every epoch, unseen by any choice, to show later how
            optimistic "best test epoch" would have been.
        probes: measurements of every trial; they change no number and no key.
        figures: further figures of the report, made from the records alone: "calibration" (whether confidence can be
            believed) and "loss-landscape" (losses over the study's learning rates as a band per model).
        scales: name -> Scale; "full" is the study as it stands.
        claims: sentences and the measurements that decide them.
        reported: arm -> numbers printed elsewhere.
        assumed: dotted path -> why this value was chosen where the source left it out.
        notes: anything a reader should know; the report prints them.
    """

    name: str
    question: str = Field(min_length=1)
    baseline: Recipe
    baseline_name: str | None = Field(default=None, min_length=1)
    factors: list[Factor] = Field(default_factory=list)
    variants: dict[str, dict[str, Value]] = Field(default_factory=dict)
    design: Literal["one_at_a_time", "factorial"] = "one_at_a_time"
    seeds: Seeds = Field(default=[0, 1, 2])
    metric: Literal["top1", "top5"] = "top1"
    margin: float = Field(default=0.005, gt=0, le=0.5)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    pairing: Literal["paired", "independent"] = "paired"
    correction: Correction = "holm"
    again: SomeSeeds = None
    sealed_test_curve: bool = True
    probes: PartList = Field(default_factory=list)
    figures: list[Literal["calibration", "loss-landscape"]] = Field(default_factory=list)
    scales: dict[str, Scale] = Field(default_factory=dict)
    claims: list[Claim] = Field(default_factory=list)
    reported: dict[str, Reported] = Field(default_factory=dict)
    assumed: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)

    def block(self, seed: int) -> int:
        """The place of a seed in `seeds`, or in `again`: trials of one place are trained one after another."""
        return (self.seeds if seed in self.seeds else self.again or []).index(seed)

    @field_validator("name")
    @classmethod
    def _is_slug(cls, name: str) -> str:
        if not SLUG.fullmatch(name):
            raise ValueError("must be lower-case letters, digits and hyphens, as it names a folder")
        return name

    @field_validator("again")
    @classmethod
    def _is_apart(cls, again: list[int] | None, info: ValidationInfo) -> list[int] | None:
        seeds: list[int] = info.data.get("seeds", [])
        if again and seeds and len(again) != len(seeds):
            raise ValueError(f"an A/A check needs as many seeds as 'seeds' has, {len(seeds)}, not {len(again)}")
        if shared := sorted(set(again or ()) & set(seeds)):
            raise ValueError(f"an A/A check needs seeds of its own, and {shared[0]} is in 'seeds' too")
        return again

    @model_validator(mode="after")
    def _looks_are_fixed(self) -> Study:
        if self.again and self.looks:
            raise ValueError("an A/A check needs a fixed number of seeds, not looks")
        check_correction(self.correction, self.pairing, self.looks)
        return self

    @field_validator("scales")
    @classmethod
    def _full_stands(cls, scales: dict[str, Scale]) -> dict[str, Scale]:
        if FULL in scales and (scales[FULL].set or scales[FULL].seeds or scales[FULL].margin):
            raise ValueError("'full' is the study as it stands and cannot change anything")
        for name in scales:
            if not SLUG.fullmatch(name):
                raise ValueError(f"scale {name!r} must be lower-case letters, digits and hyphens")
        return scales

    @model_validator(mode="after")
    def _changes_something(self) -> Study:
        if not self.factors and not self.variants and not self.again:
            raise ValueError("nothing changes: give at least one factor or one variant")
        paths = [factor.path for factor in self.factors]
        if len(set(paths)) < len(paths):
            raise ValueError("two factors have the same path")
        return self


def level_name(value: Value) -> str:
    """What a level is called when it is not given a name."""
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return PartSpec.model_validate(dict(value)).label
    return _short(value)


def _short(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_short(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return " + ".join(_short(level_name(item)) for item in value) or "none"
    return {None: "none", True: "on", False: "off"}.get(value, str(value)) if not is_whole_number(value) else str(value)
