"""Printing: one console that is plain in a pipe and a log file, and JSON when asked for."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 100


def console() -> Console:
    """Colour and width of the terminal; 100 columns and no colour elsewhere."""
    return Console(
        highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH, soft_wrap=not sys.stdout.isatty()
    )


def print_json(value: Any) -> None:
    """To standard output, NaN as null."""
    sys.stdout.write(json.dumps(_finite(value), indent=1, ensure_ascii=False) + "\n")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A calm table: no frame, one rule under the head."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def warn(out: Console, text: str) -> None:
    """One warning."""
    out.print(Text("! ", style="yellow") + Text(text))


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.4 h`, `2.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
