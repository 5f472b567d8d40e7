"""What an architecture can be built for, said before it fails."""

from __future__ import annotations

from ceteris.errors import InputError, Problem


def check_limits(model: str, image_size: int, smallest: int, width: int = 1) -> None:
    """Raise InputError for images of fewer than `smallest` pixels a side, or a width below 1."""
    problems = []
    if image_size < smallest:
        what = f"{model} needs images of at least {smallest} x {smallest} pixels, not {image_size} x {image_size}"
        problems.append(Problem(what, "model", "choose another model or data set"))
    if width < 1:
        problems.append(Problem(f"{model}: width must be at least 1, not {width}", "width"))
    if problems:
        raise InputError(*problems)
