"""Results that others trained: a CSV file read into scores, or every mistake in it at once with its line."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ceteris.errors import InputError, Problem
from ceteris.stats.contrast import ArmScores
from ceteris.study.record import Status

LARGEST_FILE = 100_000_000
"""Bytes; 100 trials with the correctness of 10,000 images each are a hundredth of it."""
MOST_SAID = 20
"""Mistakes that are listed; a file with more has one cause."""
LOST = (str(Status.DIVERGED), str(Status.FAILED), str(Status.STOPPED))
HOW_LOST = f"write {', '.join(LOST[:-1])} or {LOST[-1]} for a trial that was lost, or leave the line out"
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
KEYS = ("arm", "seed")
CORRECT = "correct"


@dataclass(frozen=True)
class Results:
    """The trials of a CSV file.

    Attributes:
        file: its path, as given.
        metric: what the scores are called: the heading of their column.
        arms: scores (fractions) and lost trials by seed, in the order in which the file first names the arms.
        correct: arm -> seed -> whether each test image was classified correctly, bool [images], the same images in the
            same order everywhere; empty without such a column.
    """

    file: str
    metric: str
    arms: tuple[ArmScores, ...]
    correct: Mapping[str, Mapping[int, np.ndarray]]


@dataclass(frozen=True)
class _Trial:
    """One line: a score, or how the trial was lost."""

    line: int
    arm: str
    seed: int
    score: float
    lost: str
    correct: str


def read_results(path: Path, *, percent: bool = False) -> Results:
    """Read trials from a CSV file with the columns `arm`, `seed`, the scores, and perhaps `correct`.

    Scores stand in a column `metric`, or in the only further one, whose heading is then the metric's name. `correct`
    holds a 0 or 1 for every test image, in the same order in every line. Columns may be parted by commas, semicolons or
    tabs. "diverged", "failed" or "stopped" in place of a score is the outcome of a trial that was lost.

    Args:
        path: of the file, UTF-8.
        percent: scores are percentages; without it they are fractions from 0 to 1, and are never guessed to be others.

    Raises InputError naming every mistake with its line.
    """
    (at, heading), *lines = _cells(path)
    names = [name.strip().lower() for name in heading]
    metric = _metric(names, f"{path}:{at}")
    problems: list[Problem] = []
    trials: list[_Trial] = []
    for line, cells in lines:
        if len(cells) != len(names):
            problems.append(Problem(f"has {len(cells)} cells, and the heading {len(names)}", f"{path}:{line}"))
            continue
        found = _trial(dict(zip(names, (c.strip() for c in cells), strict=True)), metric, line, problems, str(path))
        trials += [found] if found else []
    problems += [*_doubled(trials, path), *_scaled(trials, path, percent=percent)]
    problems += _uneven(trials, path) if CORRECT in names else []
    problems.sort(key=lambda problem: int(problem.where.removeprefix(str(path))[1:] or 0))
    if not problems and len({trial.arm for trial in trials}) < 2:
        problems.append(Problem("has fewer than two arms: there is nothing to compare", str(path)))
    if len(problems) > MOST_SAID:
        problems[MOST_SAID:] = [Problem(f"and {len(problems) - MOST_SAID} more", str(path))]
    if problems:
        raise InputError(*problems)
    shown = heading[names.index(metric)].strip() if metric != "metric" else metric
    return _results(path, shown, trials, 0.01 if percent else 1.0)


def _cells(path: Path) -> list[tuple[int, list[str]]]:
    """(line, cells) of every line that is not empty, the heading first."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(Problem("too large for a table of results", str(path), f"at most {LARGEST_FILE:,} bytes"))
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    except UnicodeDecodeError:
        raise InputError(Problem("is not UTF-8 text", str(path), "save it as CSV, UTF-8")) from None
    if "\0" in text:
        raise InputError(Problem("is not a text file", str(path), "save it as CSV, UTF-8"))
    first = text.lstrip().partition("\n")[0]
    parting = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=parting, strict=True)
    try:
        found = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise InputError(Problem(f"not valid CSV: {error}", f"{path}:{reader.line_num}")) from None
    if not found:
        raise InputError(Problem("is empty", str(path), "it needs the columns arm, seed and a score"))
    return found


def _metric(names: Sequence[str], where: str) -> str:
    """Which column holds the scores. Raises InputError for a heading that does not say."""
    problems = [Problem(f"the column {n!r} is there twice", where) for n in sorted(set(names)) if names.count(n) > 1]
    lacking = [name for name in KEYS if name not in names]
    problems += [Problem(f"has no column {n!r}", where, "the first line names the columns") for n in lacking]
    others = [name for name in names if name not in (*KEYS, CORRECT)]
    if "metric" in others:
        unknown = [name for name in others if name != "metric"]
        problems += [Problem(f"unknown column {name!r}", where, "take it out") for name in dict.fromkeys(unknown)]
    elif not others:
        problems.append(Problem("has no column with scores", where, "call it metric, or by the metric's name"))
    elif len(others) > 1:
        listed = ", ".join(map(repr, others))
        problems.append(Problem(f"which of {listed} is the score?", where, "call it metric and take the others out"))
    if problems:
        raise InputError(*problems)
    return "metric" if "metric" in others else others[0]


def _trial(cells: Mapping[str, str], metric: str, line: int, problems: list[Problem], path: str) -> _Trial | None:
    where, before, score = f"{path}:{line}", len(problems), cells[metric]
    if not cells["arm"] or not cells["arm"].isprintable():
        problems.append(Problem(f"{cells['arm']!r} cannot name an arm", where))
    if not re.fullmatch(r"[0-9]{1,18}", cells["seed"]):
        problems.append(Problem(f"{cells['seed']!r} is not a seed", where, "seeds are whole numbers from 0"))
    lost = score.lower() if score.lower() in LOST else ""
    problems += [] if lost else _not_a_score(score, where)
    correct = cells.get(CORRECT, "")
    if not re.fullmatch("[01]*", correct):
        problems.append(Problem(f"{CORRECT} holds more than 0 and 1", where, "one digit for every test image"))
    if lost and correct:
        problems.append(Problem(f"a trial that {lost} has no correct images", where, f"leave {CORRECT} empty"))
    if len(problems) > before:
        return None
    return _Trial(line, cells["arm"], int(cells["seed"]), math.nan if lost else float(score), lost, correct)


def _not_a_score(text: str, where: str) -> list[Problem]:
    if not text:
        return [Problem("the score is missing", where, HOW_LOST)]
    if re.fullmatch(r"-?[0-9]+,[0-9]+", text):
        return [Problem(f"{text!r} is not a number", where, "write a decimal point")]
    if text.endswith("%"):
        return [Problem(f"{text!r} is not a number", where, "leave the sign out and give --percent")]
    return [] if re.fullmatch(NUMBER, text) else [Problem(f"{text!r} is not a number", where, HOW_LOST)]


def _doubled(trials: Sequence[_Trial], path: Path) -> list[Problem]:
    first: dict[tuple[str, int], int] = {}
    problems = []
    for trial in trials:
        before = first.setdefault((trial.arm, trial.seed), trial.line)
        if before != trial.line:
            what = f"{trial.arm}, seed {trial.seed} is there twice"
            problems.append(Problem(what, f"{path}:{trial.line}", f"it stands in line {before} already"))
    return problems


def _scaled(trials: Sequence[_Trial], path: Path, *, percent: bool) -> list[Problem]:
    """Scores that are not on the scale that they are said to be on; one mistake for the whole file."""
    scored = [trial for trial in trials if not trial.lost]
    out = [trial for trial in scored if not 0 <= trial.score <= (100 if percent else 1)]
    if out:
        scale = "a percentage from 0 to 100" if percent else "a fraction from 0 to 1"
        more = f", nor are the scores of {len(out) - 1} more lines" if len(out) > 1 else ""
        hint = "" if percent else "are they percentages? then give --percent"
        return [Problem(f"{out[0].score:g} is not {scale}{more}", f"{path}:{out[0].line}", hint)]
    if percent and scored and max(trial.score for trial in scored) <= 1:
        return [Problem("no score is above 1 %: these look like fractions", str(path), "leave --percent out")]
    return []


def _uneven(trials: Sequence[_Trial], path: Path) -> list[Problem]:
    scored = [trial for trial in trials if not trial.lost]
    images = len(scored[0].correct) if scored else 0
    return [
        Problem(f"{CORRECT} holds {len(t.correct)} images, and {images} in line {scored[0].line}", f"{path}:{t.line}")
        for t in scored
        if len(t.correct) != images
    ]


def _results(path: Path, metric: str, trials: Sequence[_Trial], unit: float) -> Results:
    arms = []
    correct: dict[str, dict[int, np.ndarray]] = {}
    for name in dict.fromkeys(trial.arm for trial in trials):
        own = [trial for trial in trials if trial.arm == name]
        scores = {trial.seed: unit * trial.score for trial in own if not trial.lost}
        arms.append(ArmScores(name, scores, {trial.seed: trial.lost for trial in own if trial.lost}))
        correct[name] = {t.seed: np.frombuffer(t.correct.encode(), np.uint8) == ord("1") for t in own if t.correct}
    return Results(str(path), metric, tuple(arms), correct if any(correct.values()) else {})
