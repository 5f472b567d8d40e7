"""Trials one after another in this process: for a GPU, for debugging, for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from ceteris.lab.events import Tell
from ceteris.lab.job import Job, do


def run_inline(jobs: Sequence[Job], tell: Tell) -> None:
    """Run every job in order. Raises InputError when the study cannot go on."""
    for job in jobs:
        do(job, tell)
