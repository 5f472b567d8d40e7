"""Numbers printed elsewhere, kept beside ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ceteris.study.strict import Strict

Fraction = Annotated[float, Field(ge=0, le=1)]


class Reported(Strict):
    """What was printed elsewhere for one arm.

    Attributes:
        top1, top5: accuracies as fractions (0.7672 for 76.72 %); at least one of them.
        source: where they were printed.
        note: how they were obtained, if that matters ("best test epoch").
    """

    top1: Fraction | None = None
    top5: Fraction | None = None
    source: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _has_a_number(self) -> Reported:
        if not self.numbers:
            raise ValueError("give the number that was printed, as top1 or top5")
        return self

    @property
    def numbers(self) -> dict[str, float]:
        """Metric -> the number printed, for those that were."""
        given = {"top1": self.top1, "top5": self.top5}
        return {metric: number for metric, number in given.items() if number is not None}
