"""The state of a study as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ceteris.app.screen import duration, table

if TYPE_CHECKING:
    from rich.console import Console


def print_status(out: Console, status: dict[str, Any], *, trials: bool) -> None:
    """One line, and with `trials` a row for each of them."""
    outcomes = ", ".join(f"{count} {name}" for name, count in status["outcomes"].items())
    left = f", about {duration(status['seconds_left'])} of training left" if status["seconds_left"] else ""
    out.print(f"{status['study']} at scale {status['scale']}: {outcomes}{left}", markup=False, soft_wrap=True)
    if not trials:
        return
    rows = table("key", "arm", "seed", "status", "top-1", right=("seed", "top-1"))
    for trial in status["trials"]:
        score = f"{100 * trial['top1']:.2f} %" if "top1" in trial else ""
        how = f"begun, {trial['epochs_done']} epochs done" if trial["status"] == "begun" else trial["status"]
        rows.add_row(trial["key"][:16], trial["arm"], str(trial["seed"]), how, score)
    out.print(rows)
