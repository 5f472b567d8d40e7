"""The report of a study: one page, and beside it the same as Markdown, CSV, LaTeX and figure files."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ceteris.errors import InputError, Problem
from ceteris.report import tables
from ceteris.report.captions import how_sure
from ceteris.report.claims import claim_arms, claim_sentence, claims_line, decided_claims, family_sentence
from ceteris.report.confusions import Confusions
from ceteris.report.drawing import Rendered, render
from ceteris.report.evidence import Evidence, Trial, gather
from ceteris.report.factors import (
    Factors,
    effects_table,
    factor_sentences,
    factors,
    interaction_sentences,
    simple_table,
)
from ceteris.report.figures.activations import activations
from ceteris.report.figures.confusion import MOST_CLASSES, confusion, confusion_of_each
from ceteris.report.figures.cost import cost
from ceteris.report.figures.habit import habit
from ceteris.report.figures.interaction import interaction
from ceteris.report.figures.learning import AXES, learning
from ceteris.report.figures.strip import strip
from ceteris.report.looks import saving_sentence, seeds_said
from ceteris.report.numbers import percent, value, whole
from ceteris.report.optimism import habits
from ceteris.report.palette import look
from ceteris.report.per_class import per_class_rows, per_class_table
from ceteris.report.plain_tables import contrasts_csv, csv_text, markdown, markdown_text, results_csv, tex
from ceteris.report.probes import shown_probes
from ceteris.report.ranking import ranking
from ceteris.report.sentences import modified_sentence, verdict_sentences, warnings
from ceteris.report.uncertainty import uncertainty_section
from ceteris.report.words import Words
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan
from ceteris.study.record import Record

TEMPLATES = Path(__file__).parent / "templates"
LOG_LINES = 20


def write_report(
    plan: Plan,
    records: Mapping[str, Record],
    to: Path,
    language: str = "en",
    findings: Mapping[str, Sequence[Findings]] | None = None,
) -> Path:
    """Write the report folder: report.html, report.md, CSV, LaTeX tables and figures; the same records, the same bytes.

    Args:
        plan: of the study.
        records: by key, those that exist; trials without one are shown as not run yet.
        to: the folder, made if it is not there; files of an earlier report are replaced one by one.
        language: of sentences, headings and figure labels; see `words.languages`.
        findings: of the plan's probes, by trial key, those that exist; without any there is no section of probes.

    Returns the path of report.html. Raises InputError for a language without message table and a folder that cannot be
    written.
    """
    words = Words(language)
    evidence = gather(plan, records, findings)
    for name, content in contents(evidence, words).items():
        _write(to / name, content)
    return to / "report.html"


def contents(evidence: Evidence, words: Words) -> dict[str, bytes]:
    """Path inside the report folder -> bytes of every file."""
    shown = _context(evidence, words)
    figures: Mapping[str, Rendered] = shown["figures"]
    listed = [shown["results"], shown["contrasts"], *([shown["differs"]] if shown["differs"] else [])]
    listed += [one.table for one in shown["probes"] if one.table] + shown["factor_tables"]
    listed += [shown["ranking"].table] if shown["ranking"] else []
    listed += [shown["uncertainty"].table] if shown["uncertainty"] else []
    made: dict[str, bytes] = {}
    for figure in figures.values():
        made |= {f"figures/{name}": content for name, content in figure.files.items()}
        made[f"figures/{figure.drawing.name}.csv"] = csv_text(figure.drawing.data).encode()
    sheets = [one.sheet for one in shown["probes"] if one.sheet]
    made |= {f"figures/{sheet.name}.csv": csv_text(sheet.data).encode() for sheet in sheets}
    made |= {f"tables/{table.name}.tex": tex(table).encode() for table in listed}
    if shown["per_class_rows"]:
        made["per-class.csv"] = csv_text(shown["per_class_rows"]).encode()
    made["results.csv"] = results_csv(evidence).encode()
    made["contrasts.csv"] = contrasts_csv(evidence).encode()
    if shown["uncertainty"]:
        made["uncertainty.csv"] = csv_text(shown["uncertainty"].rows).encode()
    made["report.md"] = _template("report.md.jinja", escaped=False).render(shown).encode()
    made["report.html"] = _template("report.html.jinja", escaped=True).render(shown).encode()
    return made


def _context(evidence: Evidence, words: Words) -> dict[str, Any]:
    found = Confusions(evidence) if evidence.same_classes else None
    kept = habits(evidence)
    probes = shown_probes(evidence, words)
    decided = decided_claims(evidence)
    design = factors(evidence)
    drawn = [
        strip(evidence, words) if evidence.contrasts else None,
        *(learning(evidence, words, axis) for axis in AXES),
        interaction(evidence, design, words) if design else None,
        cost(evidence, words),
        confusion(found, words) if found else None,
        confusion_of_each(found, words) if found else None,
        habit(kept, words),
        activations(evidence, words),
        *(one.drawing for one in probes),
    ]
    return {
        "evidence": evidence,
        "plan": evidence.plan,
        "study": evidence.plan.study,
        "t": words,
        "verdicts": verdict_sentences(evidence, words),
        "seeds_said": seeds_said(evidence.plan.study, words),
        "saved": saving_sentence(evidence, words),
        "claims": [(claim_sentence(evidence, one, words), claim_arms(evidence, one.claim)) for one in decided],
        "claims_line": claims_line(decided, words),
        "claims_family": family_sentence(evidence, words),
        "modified": modified_sentence(evidence, words),
        "warnings": warnings(evidence, words),
        "badges": badges(evidence, words),
        "figures": {figure.name: render(figure) for figure in drawn if figure},
        "probes": probes,
        "how_sure": how_sure(evidence, kept, words),
        "uncertainty": uncertainty_section(evidence, words),
        "commands": commands(evidence),
        **_compared(evidence, design, words),
        **_errors(found, words),
    }


def _compared(evidence: Evidence, design: Factors | None, words: Words) -> dict[str, Any]:
    """The arms, their ranking, their contrasts, and what a factorial design says of its factors."""
    return {
        "differs": tables.differs(evidence, words),
        "results": tables.results(evidence, words),
        "ranking": ranking(evidence, words),
        "interactions": interaction_sentences(design, words) if design else [],
        "factors": factor_sentences(design, words) if design else [],
        "factor_tables": [made for of in (effects_table, simple_table) if design and (made := of(design, words))],
        "contrasts": tables.contrasts(evidence, words),
        "reported": tables.reported(evidence, words),
        "seed_tables": [(c, tables.seed_by_seed(evidence, c, words)) for c in evidence.contrasts],
    }


def _errors(found: Confusions | None, words: Words) -> dict[str, Any]:
    """What is confused with what; nothing of it where arms tell different classes apart."""
    return {
        "per_class": per_class_table(found, words) if found else None,
        "per_class_rows": list(per_class_rows(found)) if found else [],
        "pairs": found.pairs() if found else [],
        "hardest": found.hardest() if found else None,
        "most_classes": MOST_CLASSES,
    }


def badges(evidence: Evidence, words: Words) -> list[str]:
    """Scale, seeds, data, devices and days, in few words each."""
    study = evidence.plan.study
    found = [words("badge.scale", scale=evidence.plan.scale_and_changes), seeds_said(study, words)]
    for data in {arm.planned.data.fingerprint: arm.planned.data for arm in evidence.arms}.values():
        counts = {"train": whole(data.train_images), "test": whole(data.test_images)}
        found.append(words("badge.data", data=data.name, **counts))
        if not data.official:
            found.append(words("badge.modified", data=data.name))
    found.append(words("badge.margin", margin=percent(study.margin)))
    devices = dict.fromkeys(str(record.environment.get("device", "")) for record in evidence.records)
    found += [words("badge.device", device=device) for device in devices if device]
    days = sorted({str(record.environment["date"]) for record in evidence.records if "date" in record.environment})
    return found + ([words("badge.days", first=days[0], last=days[-1])] if len(days) > 1 else days)


def commands(evidence: Evidence) -> list[tuple[str, str]]:
    """(command line, message key of what it does), exact enough to paste."""
    plan = evidence.plan
    made = [(plan.command(verb), f"repeat.{verb}") for verb in ("plan", "run", "report")]
    first = evidence.trials[0].planned.key
    return [*made, (f"ceteris show {first}", "repeat.show"), (plan.export_command(first), "repeat.export")]


def sparkline(trial: Trial) -> Markup:
    """One trial's validation accuracy by epoch as a small SVG, from its lowest to its highest value."""
    values = [epoch.validation_top1 for epoch in trial.record.epochs] if trial.record else []
    values = [accuracy for accuracy in values if math.isfinite(accuracy)]
    if len(values) < 2:
        return Markup("")
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = 156 / (len(values) - 1)
    dots = " ".join(f"{2 + i * step:.1f},{34 - 32 * (y - low) / span:.1f}" for i, y in enumerate(values))
    return Markup(  # noqa: S704  # numbers only
        f'<svg class="spark" viewBox="0 0 160 36" aria-hidden="true"><polyline points="{dots}"/></svg>'
    )


def _template(name: str, *, escaped: bool) -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escaped,  # noqa: S701  # Markdown escapes by its own filter
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": value,
        "md": markdown_text,
        "whole": whole,
        "percent": percent,
        "joined": _joined,
        "svg": Markup,
    }
    environment.filters |= {"table": markdown, "pretty": _pretty, "tail": _tail}
    environment.globals |= {"spark": sparkline, "look": look}
    environment.globals["style"] = _style
    return environment.get_template(name)


def _style() -> Markup:
    return Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704  # our own file


def _joined(text: str) -> Markup:
    """The text with numbers and their units, and names like "top-1" and "ResNet-18", kept on one line."""
    kept = re.sub(r"(?<=\d) (?=%|(pp|s|min|h|MiB|GiB|k|M|G|T)\b)", "&nbsp;", str(escape(text)))
    return Markup(re.sub(r"\b[A-Za-z]+-\d+\b", r'<span class="keep">\g<0></span>', kept))  # noqa: S704  # escaped above


def _pretty(recipe: Mapping[str, Any]) -> str:
    return json.dumps(recipe, indent=1, ensure_ascii=False, default=str)


def _tail(log: str) -> str:
    lines: Sequence[str] = log.rstrip().splitlines()
    return "\n".join(lines[-LOG_LINES:])


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise InputError(Problem(f"the report cannot be written: {error.strerror}", str(path))) from None
