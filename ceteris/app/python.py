"""The same from Python: `run(study)` plans, trains what is missing, writes the report and returns the results.

`trained_model(key)` gives a network back that a study has trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ceteris.app.options import DEFAULT_STORE, data_place
from ceteris.app.running import run_request, stored_findings
from ceteris.lab.plan import Request
from ceteris.lab.sharing import ExecutorName, Resources
from ceteris.report.claims import claim_sentences
from ceteris.report.evidence import gather
from ceteris.report.sentences import verdict_sentences
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast
from ceteris.store.records import Store
from ceteris.study.manifest import Plan
from ceteris.study.record import Record
from ceteris.study.vocabulary import FULL, Study

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Results:
    """What a study came to.

    Attributes:
        plan: every trial, keyed.
        records: by key, of the trials that have one.
        contrasts: each arm against the baseline.
        sentences: the verdicts in words.
        claims: what came of each of the study's claims, in words.
        report: path of report.html.
    """

    plan: Plan
    records: Mapping[str, Record]
    contrasts: Sequence[Contrast]
    sentences: Sequence[str]
    claims: Sequence[str]
    report: Path

    def scores(self, arm: str) -> dict[int, float]:
        """Seed -> the study's metric on the test set, of the trials of one arm that have it."""
        found = {trial.seed: self.records.get(trial.key) for trial in self.plan.trials_of(arm)}
        metric = self.plan.study.metric
        return {seed: r.metrics[metric] for seed, r in found.items() if r is not None and metric in r.metrics}

    def __str__(self) -> str:
        return "\n".join([*self.sentences, *self.claims])


def run(
    study: Study,
    *,
    scale: str = FULL,
    seeds: int | Sequence[int] | None = None,
    overrides: Mapping[str, Any] | None = None,
    store: str | Path = DEFAULT_STORE,
    data_dir: str | Path | None = None,
    allow_modified_data: bool = False,
    executor: ExecutorName | None = None,
    workers: int | None = None,
    device: str | None = None,
    compiled: bool = False,
    quiet: bool = False,
) -> Results:
    """Run a study: trials that the store has are not trained again, and Ctrl-C loses at most a step.

    Args:
        study: what to find out.
        scale: "full", or one that the study declares.
        seeds: a count or a list, instead of the study's; fixed, so without its looks.
        overrides: dotted path -> value, laid over every arm.
        store: folder of the records.
        data_dir: where data sets lie or are downloaded to.
        allow_modified_data: use a copy that differs from the official one, under its own fingerprint.
        executor: "inline" or "processes", the default. With "processes" a script needs
            `if __name__ == "__main__":` around its call, as worker processes import it.
        workers: processes at a time.
        device: "cpu", "cuda", "mps"; the best there is when None.
        compiled: train through `torch.compile`, on CUDA: for long trials.
        quiet: print nothing.

    Raises InputError for mistakes in the study, its data or the store.
    """
    listed = list(range(seeds)) if isinstance(seeds, int) else (list(seeds) if seeds is not None else None)
    request = Request(study, scale, listed, overrides or {}, source=f"{study.name}.yaml")
    place = data_place(Path(data_dir) if data_dir else None, allow_modified_data)
    resources = Resources(executor, workers, device, compiled)
    finished = run_request(request, place, Path(store), resources, quiet=quiet)
    evidence = gather(finished.plan, finished.records, stored_findings(finished.plan, Store(Path(store))))
    sentences, claims = verdict_sentences(evidence, Words("en")), claim_sentences(evidence, Words("en"))
    records = {record.key: record for record in evidence.records}
    return Results(finished.plan, records, evidence.contrasts, sentences, claims, finished.report)


def trained_model(key: str, *, store: str | Path = DEFAULT_STORE) -> nn.Module:
    """A trial's network with its trained weights, in evaluation mode, on the CPU, in channels_last.

    Float [n, channels, size, size], pixels in [0, 1] normalised with the record's `normalize` -> logits [n, classes].

    Args:
        key: of the trial; the first digits do.
        store: folder of the records.

    Raises InputError when there is no such trial, or it has no weights.
    """
    from ceteris.engine.classify import trained_model as network_of

    shelf = Store(Path(store))
    return network_of(shelf.get(shelf.find(key), weights=True))
