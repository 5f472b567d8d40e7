"""`fsck`: whether every file of the store is as it was written, and what to run again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceteris.app.options import json_option, store_option, with_options

if TYPE_CHECKING:
    from rich.console import Console

    from ceteris.store.records import Store


@dataclass(frozen=True)
class _Found:
    """Key -> what is wrong, of records (with their findings) and of unfinished trials; plans in words; what moved."""

    records: int
    broken: dict[str, str]
    checkpoints: dict[str, str]
    plans: list[str]
    again: list[str]
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return not (self.broken or self.checkpoints or self.plans)


@click.command(epilog="Example: ceteris fsck --set-aside")
@click.option(
    "--set-aside", "aside", is_flag=True, help="Move broken records and checkpoints away, so that they are made again."
)
@with_options(store_option, json_option)
def fsck(aside: bool, store: Path, as_json: bool) -> int:
    """Verify every file of every record, its findings and checkpoints, and every plan. Exit code 1 when one is broken.

    What to run again is said; of broken checkpoints the trial goes on from the one before.
    """
    from ceteris.app.screen import console, print_json
    from ceteris.errors import InputError, Problem
    from ceteris.lab.disk import writing
    from ceteris.store.records import Store

    if not store.is_dir():
        raise InputError(Problem("there is no store", str(store), "name it with --store"))
    shelf = Store(store)
    found = _check(shelf)
    if aside:
        with writing(store):
            _set_aside(shelf, found)
    if as_json:
        print_json(
            {
                "records": found.records,
                "broken": found.broken,
                "broken_checkpoints": found.checkpoints,
                "broken_plans": found.plans,
                "set_aside": found.moved,
                "run_again": found.again,
            }
        )
    else:
        _print(console(), found, aside=aside)
    return 0 if found.whole else 1


def _check(shelf: Store) -> _Found:
    from ceteris.lab.run import kept_plans

    keys = shelf.keys()
    broken = {key: why for key in keys if (why := shelf.broken(key))}
    checkpoints = {
        key: f"{', '.join(file.name[:12] for file in files)} of its checkpoints cannot be read"
        for key in shelf.unfinished()
        if (files := shelf.checkpoints(key).broken())
    }
    plans, broken_plans = kept_plans(shelf.root)
    affected = broken.keys() | checkpoints.keys()
    again = [plan.command("run") for plan in plans if affected & {trial.key for trial in plan.trials}]
    return _Found(len(keys), broken, checkpoints, broken_plans, again)


def _set_aside(shelf: Store, found: _Found) -> None:
    found.moved.update({key: str(shelf.set_aside(key)) for key in found.broken})
    found.moved.update({key: str(shelf.set_aside_checkpoints(key, broken=True)) for key in found.checkpoints})


def _print(out: Console, found: _Found, *, aside: bool) -> None:
    for key, why in {**found.broken, **found.checkpoints}.items():
        out.print(f"{key[:12]}  {why}", markup=False, soft_wrap=True)
        if key in found.moved:
            out.print(f"              moved to {found.moved[key]}", markup=False, soft_wrap=True)
    for why in found.plans:
        out.print(why, markup=False, soft_wrap=True)
    out.print(f"{found.records} records, {len(found.broken)} broken")
    if found.checkpoints:
        out.print(f"{len(found.checkpoints)} unfinished trials with broken checkpoints")
    if (found.broken or found.checkpoints) and not aside:
        out.print("`ceteris fsck --set-aside` moves them away; the next run makes them again", markup=False)
    for command in found.again:
        out.print(f"to make them again, in the same store: {command}", markup=False, soft_wrap=True)
