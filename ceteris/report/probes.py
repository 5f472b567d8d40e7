"""The section of probes: for each probe of the study its figure, or in one line why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ceteris.report.drawing import Drawing
from ceteris.report.evidence import Evidence, Trial
from ceteris.report.exhibits import Seen, Sheet
from ceteris.report.figures.calibration import calibration, calibration_table, calibrations
from ceteris.report.figures.landscape import landscape
from ceteris.report.figures.probes.attention import attention
from ceteris.report.figures.probes.embedding import embedding
from ceteris.report.figures.probes.filters import filters
from ceteris.report.figures.probes.grad_cam import grad_cam
from ceteris.report.figures.probes.gradient_flow import gradient_flow
from ceteris.report.figures.probes.gradient_predictiveness import gradient_predictiveness
from ceteris.report.figures.probes.latency import latency
from ceteris.report.figures.probes.loss_surface import loss_surface
from ceteris.report.figures.probes.sharpness import sharpness
from ceteris.report.sentences import seed_list
from ceteris.report.tables import Table
from ceteris.report.words import Words
from ceteris.study.findings import Findings, Identity, identity_slug

FIGURES: Mapping[str, Callable[[Seen, Words], Drawing | Sheet | None]] = {
    "attention": attention,
    "embedding": embedding,
    "filters": filters,
    "grad-cam": grad_cam,
    "gradient-flow": gradient_flow,
    "gradient-predictiveness": gradient_predictiveness,
    "latency": latency,
    "loss-surface": loss_surface,
    "sharpness": sharpness,
}
"""Name of a probe -> what is drawn of it; another probe's findings stay in the store."""


@dataclass(frozen=True)
class Shown:
    """One probe's part of the page.

    Attributes:
        name: of its figure and its anchor.
        title: its heading.
        exhibit: the figure or the pictures, if a trial was measured.
        table: beside it.
        remarks: what is missing, failed or not as in the record, a line each.
    """

    name: str
    title: str
    exhibit: Drawing | Sheet | None
    table: Table | None = None
    remarks: tuple[str, ...] = ()

    @property
    def drawing(self) -> Drawing | None:
        return self.exhibit if isinstance(self.exhibit, Drawing) else None

    @property
    def sheet(self) -> Sheet | None:
        return self.exhibit if isinstance(self.exhibit, Sheet) else None


def shown_probes(evidence: Evidence, words: Words) -> list[Shown]:
    """The study's probes that have found something or failed in some trial, then its figures from records alone."""
    names = [str(probe["name"]) for probe in evidence.plan.probes]
    probes = [
        _shown(evidence, probe, identity_slug(probe) if names.count(name) > 1 else name, words)
        for name, probe in zip(names, evidence.plan.probes, strict=True)
        if name in FIGURES and any(_of(evidence, trial, probe) for trial in evidence.trials)
    ]
    return probes + [of for name in evidence.plan.study.figures if (of := _from_records(evidence, name, words)).exhibit]


def _shown(evidence: Evidence, probe: Identity, name: str, words: Words) -> Shown:
    known = [(trial, found) for trial in evidence.trials if (found := _of(evidence, trial, probe))]
    by_arm: dict[str, dict[int, Findings]] = {}
    for trial, found in known:
        if not found.error:
            by_arm.setdefault(trial.planned.arm, {})[trial.seed] = found
    exhibit = FIGURES[str(probe["name"])](Seen(evidence, name, by_arm), words) if by_arm else None
    title = words(f"probe_title.{probe['name']}")
    nothing = [words("probe.nothing")] if by_arm and exhibit is None else []
    return Shown(name, title, exhibit, remarks=(*nothing, *_remarks(evidence, known, words)))


def _from_records(evidence: Evidence, name: str, words: Words) -> Shown:
    title = words(f"probe_title.{name}")
    if name == "loss-landscape":
        return Shown(name, title, landscape(evidence, name, words))
    found = calibrations(evidence)
    return Shown(name, title, calibration(found, name, words), calibration_table(found, name, words))


def _of(evidence: Evidence, trial: Trial, probe: Identity) -> Findings | None:
    mine = evidence.findings.get(trial.planned.key, ())
    return next((found for found in mine if dict(found.probe) == dict(probe)), None)


def _remarks(evidence: Evidence, known: list[tuple[Trial, Findings]], words: Words) -> list[str]:
    """One line for each arm and error, for trials that could not be repeated, and for those not measured yet."""
    said = []
    failed: dict[tuple[str, str], list[Trial]] = {}
    for trial, found in known:
        if found.error:
            failed.setdefault((trial.planned.arm, found.error.partition("\n")[0]), []).append(trial)
    for (arm, error), trials in failed.items():
        said.append(words("probe.failed", arm=arm, seeds=seed_list(trials, words), error=error))
    other = [trial for trial, found in known if not found.same_training]
    if other:
        said.append(words("probe.other_training", trials=words.count("trial", len(other))))
    if missing := len(evidence.records) - len(known):
        said.append(words("probe.missing", trials=words.count("trial", missing)))
    return said
