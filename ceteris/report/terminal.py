"""The strip and the verdicts in plain text: 80 columns, no colour, nothing but ASCII besides names and words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ceteris.report.claims import claim_sentences
from ceteris.report.evidence import Evidence
from ceteris.report.factors import factors, interaction_sentences
from ceteris.report.figures.strip import limits
from ceteris.report.looks import saving_sentence
from ceteris.report.numbers import MINUS, percent, points
from ceteris.report.palette import columns_of, shortened
from ceteris.report.sentences import modified_sentence, verdict_sentences
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast

LONGEST_NAME = 20


def strip_text(contrasts: Sequence[Contrast], width: int = 80, words: Words | None = None) -> str:
    """The forest plot in text: `o` the difference, `[--]` its interval, `.` single seeds, `|` zero, `:` the margin.

    Args:
        contrasts: one row each.
        width: columns to use, at least 60.
        words: language of the key; English by default.
    """
    if not contrasts:
        return ""
    words = words or Words("en")
    names = [plain(shortened(contrast.arm, LONGEST_NAME)) for contrast in contrasts]
    left = max(columns_of(name) for name in names)
    numbers = [plain(_number(contrast)) for contrast in contrasts]
    right = max(len(number) for number in numbers)
    room = max(10, width - left - right - 2)
    ends = limits(contrasts)
    lines = [
        f"{name}{' ' * (left - columns_of(name))} {_row(contrast, ends, room)} {number}".rstrip()
        for name, contrast, number in zip(names, contrasts, numbers, strict=True)
    ]
    scale = _axis(ends, room)
    key = words("terminal.key", baseline=shortened(contrasts[0].baseline, LONGEST_NAME))
    return "\n".join([*lines, f"{' ' * left} {scale}".rstrip(), *lined(plain(key), width)])


def verdict_lines(evidence: Evidence, words: Words, width: int = 80) -> list[str]:
    """Verdicts, interactions and claims as lines of at most that many columns; first of all, that data is modified."""
    modified, design = modified_sentence(evidence, words), factors(evidence)
    said = [*([modified] if modified else []), *verdict_sentences(evidence, words)]
    said += interaction_sentences(design, words) if design else []
    said += [*claim_sentences(evidence, words), *filter(None, [saving_sentence(evidence, words)])]
    return [line for sentence in said for line in lined(plain(sentence), width)]


def lined(text: str, width: int) -> list[str]:
    """The text broken into lines of at most that many columns, at spaces and between wide characters."""
    lines = [""]
    kept = re.sub(r"(?<=\d) (?=%|pp)", "\N{NO-BREAK SPACE}", text)
    for piece in re.findall(r"[ \n]+|[\u2e80-\uffef]|[^ \n\u2e80-\uffef]+", kept):
        if columns_of(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip().replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells as lines of columns: the first flush left, all others right."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(columns_of(row[column]) for row in cells) for column in range(len(cells[0]))]
    padded = [[" " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True)] for row in cells]
    return [
        "  ".join([row[0] + pad[0], *(space + cell for cell, space in zip(row[1:], pad[1:], strict=True))])
        for row, pad in zip(cells, padded, strict=True)
    ]


def plain(text: str) -> str:
    """Typographic signs as ASCII, for terminals and log files of any encoding."""
    for sign, replacement in ((MINUS, "-"), ("…", "~"), ("\N{EN DASH}", "-"), ("±", "+-"), ("·", ";"), ("×", "x")):
        text = text.replace(sign, replacement)
    return text


def _number(contrast: Contrast) -> str:
    if contrast.difference is None:
        return "-"
    interval = contrast.adjusted_interval
    shown = f" [{percent(interval[0])}, {percent(interval[1])}]" if interval else ""
    return f"{points(contrast.difference)} pp{shown}"


def _row(contrast: Contrast, ends: tuple[float, float], room: int) -> str:
    cells = [" "] * room
    for end in (-contrast.margin, contrast.margin):
        cells[_place(end, ends, room)] = ":"
    interval = contrast.adjusted_interval
    low, high = (_place(end, ends, room) for end in interval) if interval else (0, -1)
    cells[low : high + 1] = "-" * (high + 1 - low)
    cells[_place(0.0, ends, room)] = "|"
    for difference in contrast.differences:
        cells[_place(difference, ends, room)] = "."
    if interval:
        cells[low] = "<" if interval[0] < ends[0] else "["
        cells[high] = ">" if interval[1] > ends[1] else "]"
    if contrast.difference is not None:
        cells[_place(contrast.difference, ends, room)] = "o"
    return "".join(cells)


def _axis(ends: tuple[float, float], room: int) -> str:
    """Both ends and zero under their places, in percentage points; zero is left out where it would touch an end."""
    low, high = (plain(f"{100 * end:+.1f}") for end in ends)
    cells = list(low + " " * (room - len(low) - len(high)) + high)
    zero = _place(0.0, ends, room)
    if len(low) < zero < room - len(high) - 1:
        cells[zero] = "0"
    return "".join(cells)


def _place(value: float, ends: tuple[float, float], room: int) -> int:
    share = (value - ends[0]) / (ends[1] - ends[0])
    return min(room - 1, max(0, round(share * (room - 1))))
