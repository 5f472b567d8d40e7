"""Trials one after another in this process: for a GPU, for debugging, for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ceteris.lab.events import Elsewhere, Event, Tell
from ceteris.lab.job import Job, do


def run_inline(jobs: Sequence[Job], tell: Tell) -> None:
    """Run every job in order, those that another run has under way last.

    Raises InputError when the study cannot go on.
    """
    elsewhere: set[str] = set()

    def told(event: Event) -> None:
        if isinstance(event, Elsewhere):
            elsewhere.add(event.key)
        tell(event)

    for job in jobs:
        do(job, told)
    for job in jobs:
        if job.key in elsewhere:
            do(replace(job, patient=True), tell)
