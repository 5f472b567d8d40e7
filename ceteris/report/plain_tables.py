"""Tables for other programs: CSV with raw numbers, LaTeX (booktabs) and Markdown with the page's cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ceteris.report.evidence import Evidence, Trial
from ceteris.report.tables import Table, plain
from ceteris.stats.contrast import Contrast

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\N{MINUS SIGN}": "$-$", "\N{EN DASH}": "--",
    "<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "·": r"$\cdot$",
}  # fmt: skip


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of names and values as CSV; columns in order of first appearance, None as an empty cell."""
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()


def results_csv(evidence: Evidence) -> str:
    """One row per planned trial; fractions, seconds and bytes."""
    metrics = sorted({name for record in evidence.records for name in record.metrics} - {"validation_top1"})
    return csv_text(_trial(trial, metrics) for trial in evidence.trials)


def contrasts_csv(evidence: Evidence) -> str:
    """One row per planned contrast; fractions."""
    return csv_text(contrast_values(c) | {"relation": evidence.relation(c)} for c in evidence.contrasts)


def contrast_values(contrast: Contrast) -> dict[str, Any]:
    """A contrast's numbers by name, intervals as their two ends."""
    low, high = contrast.interval or (None, None)
    adjusted_low, adjusted_high = contrast.adjusted_interval or (None, None)
    names = (
        "p", "p_adjusted", "p_equivalent", "p_sign_flip", "correlation", "by_margin", "within_margin", "confounded",
        "seeds_to_decide", "family", "margin", "alpha", "reason",
    )  # fmt: skip
    return {
        "arm": contrast.arm,
        "baseline": contrast.baseline,
        "verdict": str(contrast.verdict),
        "difference": contrast.difference,
        "low": low,
        "high": high,
        "adjusted_low": adjusted_low,
        "adjusted_high": adjusted_high,
        "seeds": " ".join(map(str, contrast.seeds)),
    } | {name: getattr(contrast, name) for name in names}


def tex(table: Table) -> str:
    """The table with booktabs rules; numbers flush right."""
    columns = "".join("l" if place in table.words_in else "r" for place in range(len(table.headings)))
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _tex_row(table.headings), r"\midrule"]
    lines += [_tex_row(row) for row in plain(table.rows)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def markdown(table: Table) -> str:
    """The table as GitHub's Markdown."""
    rules = ["---" if place in table.words_in else "---:" for place in range(len(table.headings))]
    rows = [list(table.headings), rules, *plain(table.rows)]
    lines = ["| " + " | ".join(markdown_text(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def markdown_text(text: str) -> str:
    """Text on one line in which nothing is markup: names may hold anything."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def _tex_row(cells: Iterable[str]) -> str:
    return " & ".join("".join(_TEX.get(letter, letter) for letter in cell) for cell in cells) + r" \\"


def _trial(trial: Trial, metrics: list[str]) -> dict[str, Any]:
    record = trial.record
    cost = record.cost if record else None
    scores: Mapping[str, float] = record.metrics if record else {}
    environment: Mapping[str, Any] = record.environment if record else {}
    model = record.model if record else None
    return {
        "arm": trial.planned.arm,
        "seed": trial.seed,
        "key": trial.planned.key,
        "status": trial.status,
        "reason": record.reason if record else "",
        "chosen_epoch": record.chosen_epoch if record else None,
        "epochs": len(record.epochs) if record else None,
        **{name: scores.get(name) for name in metrics},
        "validation_top1": scores.get("validation_top1"),
        "parameters": model.parameters if model else None,
        "macs": model.macs if model else None,
        "train_seconds": cost.train_seconds if cost else None,
        "images_per_second": cost.images_per_second if cost else None,
        "peak_memory": cost.peak_memory_bytes if cost else None,
        "shared_machine": cost.shared_machine if cost else None,
        "device": environment.get("device"),
        "threads": environment.get("threads"),
    }
