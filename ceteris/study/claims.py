"""Claims: sentences in words, each with the measurements that decide it, declared before anything is trained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ceteris.errors import Problem, did_you_mean
from ceteris.study.strict import Strict

Expected = Literal["higher", "lower", "same", "at-most", "did-not-learn"]
ACCURACIES = ("top1", "top5", "validation_top1")
EXACT = ("parameters", "macs")
"""Measures that are facts of an architecture: no seed moves them, so they are compared and not tested."""
MEASURES = ("top1", "top5", "nll", "validation_top1@5", *EXACT, "train_seconds", "epochs", "status", "probe:NAME:VALUE")
_PLAIN = {name for name in MEASURES if name.isidentifier()}
_WITH_PLACE = re.compile(r"validation_top1@[1-9][0-9]*|probe:[a-z0-9][a-z0-9-]*:[a-z_0-9]+(:first/last)?")


class Expectation(Strict):
    """One measurement and how it should come out.

    Attributes:
        measure: what is measured in every trial: "top1", "top5" and "nll" on the test set; "validation_top1@5" after
            epoch 5; "parameters" and "macs" of the model; "train_seconds"; "epochs" trained; "status", how the trial
            ended; "probe:NAME:VALUE", the mean of the finite numbers that a probe left under that name, and
            "probe:NAME:VALUE:first/last", the mean of an array's first column over that of its last (layers).
        arm: whose.
        than: the arm it is compared with; the baseline by default.
        value: a number it is compared with, instead of an arm.
        expect: "higher", "lower", "same", "at-most" (no more than `by` times the other), or "did-not-learn" (of
            "status": every trial stays at chance level or diverges).
        by: for higher and lower the smallest difference that counts, 0 by default; for same the margin, by default
            that of the study for accuracies; for at-most the ratio. Accuracies are fractions.
    """

    measure: str
    arm: str
    than: str | None = None
    value: float | None = Field(default=None, allow_inf_nan=False)
    expect: Expected
    by: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @field_validator("measure")
    @classmethod
    def _is_known(cls, measure: str) -> str:
        if measure not in _PLAIN and not _WITH_PLACE.fullmatch(measure):
            raise ValueError(f"{measure!r} is not measured; {did_you_mean(measure, MEASURES)}")
        return measure

    @model_validator(mode="after")
    def _fits_together(self) -> Expectation:
        learning = self.expect == "did-not-learn"
        if learning != (self.measure == "status"):
            raise ValueError("'did-not-learn' is what can be expected of 'status', and of nothing else")
        if learning and (self.than is not None or self.by is not None):
            raise ValueError("'did-not-learn' takes neither 'than' nor 'by'")
        if self.value is not None and (self.than is not None or self.exact or self.expect == "at-most"):
            raise ValueError("'value' stands instead of 'than', for 'higher', 'lower' and 'same' of what seeds move")
        if self.by is None and (self.expect == "at-most" or (self.expect == "same" and self.name not in ACCURACIES)):
            raise ValueError(f"{self.expect!r} needs 'by'")
        return self

    @property
    def name(self) -> str:
        """The measure's first word: "validation_top1" of "validation_top1@5"."""
        return re.split("[@:]", self.measure)[0]

    @property
    def place(self) -> list[str]:
        """The measure's other words: ["5"] of "validation_top1@5"."""
        return re.split("[@:]", self.measure)[1:]

    @property
    def exact(self) -> bool:
        """Needs no test: no seed moves it, or it is counted over all seeds."""
        return self.name in EXACT or self.expect == "did-not-learn"


class Claim(Strict):
    """A sentence and what must be measured for it to stand.

    Attributes:
        text: the sentence, as a reader would say it.
        all: the expectations that must all be met.
    """

    text: str = Field(min_length=1)
    all: list[Expectation] = Field(min_length=1)


def mistakes_in(claims: Sequence[Claim], arms: Sequence[str], probes: Sequence[str]) -> list[Problem]:
    """Arms and probes that the study does not have, and arms compared with themselves, each at its dotted path.

    Args:
        claims: of the study.
        arms: names of its arms, baseline first.
        probes: names of its probes.
    """
    found = []
    for index, claim in enumerate(claims):
        for part, expected in enumerate(claim.all):
            place = f"claims.{index}.all.{part}"
            for field, name in (("arm", expected.arm), ("than", expected.than)):
                if name is not None and name not in arms:
                    found.append(Problem(f"no arm is called {name!r}", f"{place}.{field}", did_you_mean(name, arms)))
            compared = expected.expect != "did-not-learn" and expected.value is None
            if compared and expected.arm == (expected.than or arms[0]):
                found.append(Problem(f"{expected.arm!r} is compared with itself", f"{place}.arm", "name another arm"))
            if expected.name == "probe" and expected.place[0] not in probes:
                what = f"the study does not ask for the probe {expected.place[0]!r}"
                found.append(Problem(what, f"{place}.measure", "add it to the study's probes"))
    return found
