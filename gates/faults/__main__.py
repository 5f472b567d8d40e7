"""The fault gate: every row of `gates/faults/rows/`, one line each, and the sum of what was lost or wrong.

Run `make gate-faults`. `--short` takes a few minutes and writes nothing; `--row NAME --only K` replays one injection.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import pkgutil
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ceteris.lab.sharing import usable_cores
from gates.faults import rows
from gates.faults.mutants import MUTANTS, Mutant, caught
from gates.faults.row import KEPT, Injection, Outcome, Row

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "faults.md"


@dataclass(frozen=True)
class Tally:
    """One row's figures; `broken` are the injections that broke the promise."""

    name: str
    row: Row
    counts: Mapping[Outcome, int]
    broken: tuple[Injection, ...]
    seconds: float

    @property
    def injected(self) -> int:
        return sum(self.counts.values())

    @property
    def passed(self) -> bool:
        return self.injected > 0 and not self.broken


def found_rows() -> dict[str, Row]:
    """Every row by its name, the file's name with hyphens."""
    names = sorted(module.name for module in pkgutil.iter_modules(rows.__path__))
    return {name.replace("_", "-"): cast(Row, importlib.import_module(f"{rows.__name__}.{name}")) for name in names}


def tally(name: str, row: Row, short: bool, only: int | None) -> Tally:
    """Run one row. A row that breaks counts as one wrong injection, and the others go on."""
    begun, counts, broken = time.monotonic(), Counter[Outcome](), []
    for injection in _until_it_breaks(row, short, only):
        counts[injection.outcome] += 1
        if injection.outcome not in KEPT:
            broken.append(injection)
            print(
                f"  {name} {injection.number}: {injection.label}: {injection.outcome}: {injection.detail}", flush=True
            )
    return Tally(name, row, counts, tuple(broken), time.monotonic() - begun)


def _said(name: str, injection: Injection) -> str:
    return f"{name} {injection.number}: {injection.label}: {injection.outcome}: {injection.detail}"


def _until_it_breaks(row: Row, short: bool, only: int | None) -> Iterator[Injection]:
    number = 0
    try:
        for injection in row.inject(short, only):
            number = injection.number
            yield injection
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        yield Injection(number + 1, "the row itself broke", Outcome.WRONG, what)


def table(tallies: Iterable[Tally]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| row | fault | promise | of | injected | survived | refused | lost | wrong | s | |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in tallies:
        said = [f"`{one.name}`", one.row.FAULT, one.row.PROMISE, one.row.SOURCE, f"{one.injected:,}"]
        figures = [f"{one.counts[outcome]:,}" for outcome in Outcome]
        last = [f"{one.seconds:.0f}", "pass" if one.passed else "**FAIL**"]
        lines.append(f"| {' | '.join([*said, *figures, *last])} |")
    return "\n".join(lines)


def sum_line(tallies: Sequence[Tally]) -> str:
    """`injected N / survived S / refused R / lost L / wrong W`, over all rows."""
    figures = [f"{outcome} {sum(one.counts[outcome] for one in tallies)}" for outcome in Outcome]
    return " / ".join([f"injected {sum(one.injected for one in tallies)}", *figures])


@dataclass(frozen=True)
class Tried:
    """A mutant, and the injection that saw it; None when it lived."""

    mutant: Mutant
    seen: Injection | None


def try_mutants(known: dict[str, Row]) -> list[Tried]:
    """Break each guard in turn. A row that breaks over it has seen it, too."""
    tried = []
    for mutant in MUTANTS:
        try:
            seen = caught(mutant, known[mutant.row])
        except Exception as error:
            seen = Injection(0, "the row itself", Outcome.WRONG, f"{type(error).__name__}: {error}")
        tried.append(Tried(mutant, seen))
        print(f"  mutant {'caught' if seen else 'NOT CAUGHT'}: {mutant.guard} ({mutant.row})", flush=True)
    return tried


def mutant_table(tried: Sequence[Tried]) -> str:
    """The mutants as a Markdown table."""
    lines = ["| guard that was broken | row | what it saw | |", "| --- | --- | --- | --- |"]
    for one in tried:
        seen, verdict = ("", "**LIVES**") if one.seen is None else (f"{one.seen.outcome}: {one.seen.detail}", "caught")
        lines.append(f"| {one.mutant.guard} | `{one.mutant.row}` | {_cell(seen)} | {verdict} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    short = " ".join(text.replace("|", "/").split())
    return short if len(short) <= 120 else f"{short[:117]}..."


def page(tallies: Sequence[Tally], tried: Sequence[Tried]) -> str:
    """The results page."""
    broken = "".join(f"- {_said(one.name, each)}\n" for one in tallies for each in one.broken)
    failures = f"\n## Promises broken\n\n{broken}" if broken else ""
    return f"""# Nothing lost, nothing wrong: faults injected on purpose

{sum_line(tallies)}

Survived: the result is what it is without the fault, bit for bit. Refused: an error in words or a record that says why, nothing altered. Lost: finished work gone, or more than the promised bound done
again. Wrong: a silently altered result, or a failure without words.

Made by `make gate-faults` on {datetime.date.today().isoformat()} in {sum(one.seconds for one in tallies) / 60:.0f} min. What is random comes from named streams (seed 0), so `python -m gates.faults --row NAME --only K` injects the K-th fault of a row
again; a draw of a moment comes near the same moment. {_machine()}

{table(tallies)}
{failures}
## The gate checked: guards broken on purpose

{sum(one.seen is not None for one in tried)} of {len(tried)} mutants of the product were caught by their row.

{mutant_table(tried)}
"""  # noqa: E501


def _machine() -> str:
    return f"{usable_cores()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when nothing was lost and nothing wrong."""
    known = found_rows()
    options = argparse.ArgumentParser(prog="python -m gates.faults", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--short", action="store_true", help="fewer injections, nothing written")
    options.add_argument("--row", choices=sorted(known), help="this row alone, nothing written")
    options.add_argument("--only", type=int, metavar="K", help="with --row: its K-th injection alone")
    chosen = options.parse_args(arguments)
    if chosen.only is not None and chosen.row is None:
        options.error("--only needs --row")
    tallies = []
    for name in [chosen.row] if chosen.row else known:
        tallies.append(tally(name, known[name], chosen.short, chosen.only))
        print(table(tallies[-1:]).splitlines()[-1], flush=True)
    print(sum_line(tallies))
    tried: list[Tried] = []
    if not chosen.short and chosen.row is None:
        tried = try_mutants(known)
        RESULTS.write_text(page(tallies, tried), encoding="utf-8")
        print(f"written to {RESULTS}")
    return 0 if all(one.passed for one in tallies) and all(one.seen for one in tried) else 1


if __name__ == "__main__":
    sys.exit(main())
