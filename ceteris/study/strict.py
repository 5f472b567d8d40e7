"""How a study's words are validated."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown fields are mistakes, values are not quietly converted, and nothing changes after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
