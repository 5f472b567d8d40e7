"""How numbers are written: the same everywhere, in every language."""

from __future__ import annotations

import math
from typing import Any

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


def percent(fraction: float) -> str:
    """A fraction as a percentage without its sign: 0.76724 -> "76.72"."""
    return _signed_zero(f"{100 * fraction:.2f}").replace("-", MINUS)


def points(fraction: float) -> str:
    """A difference of fractions in percentage points, with its sign: 0.0841 -> "+8.41"."""
    text = _signed_zero(f"{100 * fraction:+.2f}")
    return text.replace("-", MINUS)


def p_value(p: float | None) -> str:
    """Three decimals, or "< 0.001"; a dash when there is none."""
    if p is None:
        return NONE
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def probability(share: float) -> str:
    """An estimated probability with two decimals; "> 0.99" and "< 0.01" instead of a certainty."""
    return {"1.00": "> 0.99", "0.00": "< 0.01"}.get(f"{share:.2f}", f"{share:.2f}")


def whole(number: float) -> str:
    """615338 -> "615,338"."""
    return f"{round(number):,}"


def large(number: float) -> str:
    """Three digits with the SI letter: 12_480_000 -> "12.5 M"."""
    for letter, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(number) >= 0.9995 * size:
            return f"{_three_digits(number / size)} {letter}"
    return _three_digits(number)


def tick(number: float) -> str:
    """As `large`, without the zeros that a tick label does not need: 20_000_000 -> "20 M"."""
    digits, _, letter = large(number).partition(" ")
    short = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{short} {letter}".strip()


def duration(seconds: float) -> str:
    """Seconds in the two largest units: 75 -> "1 min 15 s"; below a minute with one decimal."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def memory(size: float) -> str:
    """Bytes in MiB or GiB (powers of 1024)."""
    mib = size / 2**20
    return f"{mib / 1024:.2f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"


def value(anything: Any) -> str:
    """A recipe's value on one line: parts by name with their options, lists joined by plus signs."""
    if isinstance(anything, bool):
        return "on" if anything else "off"
    if anything is None:
        return "none"
    if isinstance(anything, float):
        return f"{anything:g}"
    if isinstance(anything, dict):
        options = {name: item for name, item in anything.items() if name not in ("name", "version")}
        shown = ", ".join(f"{name}={value(item)}" for name, item in options.items())
        name = anything.get("name")
        return f"{name} ({shown})" if name and shown else str(name or shown or "none")
    if isinstance(anything, list | tuple):
        return " + ".join(value(item) for item in anything) or "none"
    return str(anything)


def _three_digits(number: float) -> str:
    rounded = float(f"{number:.3g}")
    digits = max(0, 2 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    return f"{rounded:.{digits}f}"


def _signed_zero(text: str) -> str:
    return text.lstrip("+-") if float(text) == 0 else text
