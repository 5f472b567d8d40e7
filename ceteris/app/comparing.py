"""`compare`: two arms of a study in full, or all arms of a file of results that were trained elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ceteris.app import completing
from ceteris.app.options import Asked, asking, json_option, language_option, with_options
from ceteris.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from ceteris.stats.power import Pairing

OF_A_STUDY = ("scale", "seeds", "sets", "store", "data_dir", "allow_modified_data")
OF_A_FILE = ("baseline", "margin", "alpha", "independent", "percent")


@click.command(epilog="Example: ceteris compare quickstart plain-cnn resnet14, or: ceteris compare --csv results.csv")
@asking(required=False)
@click.argument("first", metavar="[A]", required=False, shell_complete=completing.arm_names)
@click.argument("second", metavar="[B]", required=False, shell_complete=completing.arm_names)
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path),
    help="Results trained elsewhere: columns arm, seed, the score, and perhaps correct (a 0 or 1 per test image).",
)
@click.option("--baseline", metavar="ARM", help="With --csv: compared with all others; by default the file's first.")
@click.option("--margin", type=float, default=0.005, show_default=True, help="With --csv: smallest that matters.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="With --csv: error rate of the family.")
@click.option("--independent", is_flag=True, help="With --csv: equal seeds mean nothing; Welch's test.")
@click.option("--percent", is_flag=True, help="With --csv: scores are percentages, not fractions.")
@with_options(language_option, json_option)
def compare(
    asked: Asked,
    *,
    first: str | None,
    second: str | None,
    file: Path | None,
    baseline: str | None,
    margin: float,
    alpha: float,
    independent: bool,
    percent: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Compare arm B with arm A in full: seeds, differences, interval, tests, verdict, and in what they differ.

    With --csv, compare all arms of a file of results instead, whatever they were trained with.
    """
    if (asked.study is None) == (file is None):
        what = "give a study and two of its arms, or --csv and a file of results"
        raise InputError(Problem(what if file is None else f"{what}, not both", "compare"))
    _refuse(OF_A_FILE if file is None else OF_A_STUDY, "--csv" if file is None else "a study")
    if file is None:
        _compare_arms(asked, first, second, lang, as_json=as_json)
    else:
        _check("--margin", margin, 0.5)
        _check("--alpha", alpha, 0.5)
        _compare_file(file, baseline, (margin, alpha), lang, independent=independent, percent=percent, as_json=as_json)


def _compare_arms(asked: Asked, first: str | None, second: str | None, lang: str, *, as_json: bool) -> None:
    from ceteris.app.running import stored_findings, stored_records
    from ceteris.app.screen import console, print_json
    from ceteris.lab.facts import KnownFacts
    from ceteris.lab.plan import make_plan
    from ceteris.report.compare import compare_dict, compare_text
    from ceteris.store.records import Store

    if first is None or second is None:
        raise InputError(Problem("which two arms?", asked.study, f"ceteris compare {asked.study} A B"))
    shelf = Store(asked.store)
    made = make_plan(asked.request(), asked.place(), KnownFacts(shelf.root / "facts"))
    names = [arm.name for arm in made.arms]
    unknown = [name for name in (first, second) if name not in names]
    if unknown:
        raise InputError(*(Problem(f"no arm is called {n!r}", hint=did_you_mean(n, names)) for n in unknown))
    records, findings = stored_records(made, shelf), stored_findings(made, shelf)
    if as_json:
        print_json(compare_dict(made, records, first, second, findings=findings))
    else:
        said = compare_text(made, records, first, second, lang, findings=findings)
        console().print(said, markup=False, soft_wrap=True)


def _compare_file(
    file: Path,
    baseline: str | None,
    limits: tuple[float, float],
    lang: str,
    *,
    independent: bool,
    percent: bool,
    as_json: bool,
) -> None:
    from ceteris.app.screen import console, print_json
    from ceteris.report.outside import compare_results, outside_dict, outside_text
    from ceteris.report.results_file import read_results
    from ceteris.report.words import Words

    results, (margin, alpha) = read_results(file, percent=percent), limits
    pairing: Pairing = "independent" if independent else "paired"
    found = compare_results(results, baseline=baseline, margin=margin, alpha=alpha, pairing=pairing)
    if as_json:
        print_json(outside_dict(found, Words(lang)))
    else:
        console().print(outside_text(found, Words(lang)), markup=False, soft_wrap=True)


def _refuse(options: Sequence[str], other: str) -> None:
    """Options that say nothing about what is compared are mistakes, not noise."""
    context = click.get_current_context()
    named = {parameter.name: parameter.opts[-1] for parameter in context.command.params}
    given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise InputError(*(Problem(f"goes with {other} only", named[name], "leave it out") for name in given))


def _check(option: str, value: float, most: float) -> None:
    if not (math.isfinite(value) and 0 < value < most):
        hint = "0.005 is half a percentage point" if option == "--margin" else "0.05 is one in twenty"
        raise InputError(Problem(f"must be above 0 and below {most:g}, not {value:g}", option, hint))
