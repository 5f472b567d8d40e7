"""`studies`, `parts`, `data`: what there is to choose from."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceteris.app import completing
from ceteris.app.options import data_options, data_place, import_option, json_option, with_options

if TYPE_CHECKING:
    from ceteris.data.source import Dataset


@click.command(epilog="Example: ceteris studies")
@json_option
def studies(as_json: bool) -> None:
    """List the built-in studies: name, question and scales."""
    from ceteris.app.finding import built_in_studies, find_study
    from ceteris.app.screen import console, print_json

    found = {name: find_study(name)[0] for name in built_in_studies()}
    if as_json:
        rows = [
            {"name": s.name, "question": s.question, "scales": {n: scale.about for n, scale in s.scales.items()}}
            for s in found.values()
        ]
        print_json(rows)
        return
    out = console()
    for name, study in found.items():
        out.print(f"[bold]{name}[/bold]  {study.question}")
        for scale, about in study.scales.items():
            out.print(f"    {scale:8} {about.about}")


@click.command(epilog="Example: ceteris parts model")
@click.argument("kind", required=False, shell_complete=completing.kinds)
@with_options(import_option, json_option)
def parts(kind: str | None, modules: tuple[str, ...], as_json: bool) -> None:
    """List registered parts with their options; KIND is one of model, data, augment, optimizer, ..."""
    from ceteris import registry
    from ceteris.app.importing import import_modules
    from ceteris.app.screen import console, print_json
    from ceteris.errors import InputError, Problem, did_you_mean

    import_modules(modules)
    if kind is not None:
        singular = {f"{name}s": name for name in registry.KINDS} | {"losses": "loss", "datasets": "data"}
        kind = singular.get(kind, kind)
        if kind not in registry.KINDS:
            raise InputError(Problem(f"no kind of part is called {kind!r}", hint=did_you_mean(kind, registry.KINDS)))
    found = registry.parts(kind)
    if as_json:
        print_json(
            [
                {"kind": p.kind, "name": p.name, "summary": p.summary, "options": [o.describe() for o in p.options]}
                for p in found
            ]
        )
        return
    out = console()
    column = max(len(entry.name) for entry in found)
    for entry in found:
        out.print(f"[dim]{entry.kind:9}[/dim] [bold]{entry.name:{column}}[/bold] {entry.summary}", soft_wrap=True)
        for option in entry.options:
            out.print(f"{'':{column + 11}}{option.describe()}", markup=False, soft_wrap=True)


@click.group(epilog="Example: ceteris data get cifar10 --data-dir ~/data")
def data() -> None:
    """List, get or check data sets."""


@data.command("list")
@with_options(*data_options, json_option)
def data_list(data_dir: Path | None, allow_modified_data: bool, as_json: bool) -> None:
    """Known data sets, and where they are looked for."""
    from ceteris import registry
    from ceteris.app.screen import console, print_json

    place = data_place(data_dir, allow_modified_data)
    found = registry.parts("data")
    if as_json:
        rows = [{"name": p.name, "summary": p.summary, "options": [o.describe() for o in p.options]} for p in found]
        print_json({"data_dir": str(place.data_dir), "datasets": rows})
        return
    out = console()
    column = max(len(entry.name) for entry in found)
    for entry in found:
        out.print(f"[bold]{entry.name:{column}}[/bold] {entry.summary}", soft_wrap=True)
    out.print(f"looked for in {place.data_dir}", style="dim", soft_wrap=True)


@data.command("get", epilog="Example: ceteris data get cifar10")
@click.argument("name", shell_complete=completing.datasets)
@with_options(*data_options, json_option)
def data_get(name: str, data_dir: Path | None, allow_modified_data: bool, as_json: bool) -> None:
    """Download a data set if need be, verify and decode it."""
    _load(name, data_dir, allow_modified_data, as_json)


@data.command("check", epilog="Example: ceteris data check folder:~/my-images")
@click.argument("name", shell_complete=completing.datasets)
@with_options(*data_options, json_option)
def data_check(name: str, data_dir: Path | None, allow_modified_data: bool, as_json: bool) -> None:
    """Verify that a data set is whole; `folder:PATH` checks a folder of images.

    Test images that are training images, too, or nearly, are named; so is every file that is converted.
    """
    _load(name, data_dir, allow_modified_data, as_json, closely=True)


def _load(name: str, data_dir: Path | None, allow_modified: bool, as_json: bool, closely: bool = False) -> None:
    from ceteris.app.live import reading_progress
    from ceteris.app.screen import console, print_json
    from ceteris.data.folder import Folder
    from ceteris.lab.plan import data_source
    from ceteris.study.vocabulary import PartSpec

    name, _, path = name.partition(":")
    options = {"path": str(Path(path).expanduser().absolute())} if path else {}
    with reading_progress() as progress:
        spec = PartSpec.model_validate({"name": name, **options})
        source = data_source(spec, data_place(data_dir, allow_modified, progress))
        found = source.load()
    facts, converted = found.facts, source.converted if isinstance(source, Folder) else {}
    if closely and not isinstance(source, Folder):
        facts = replace(facts, notes=facts.notes + _twins(found))
    if as_json:
        print_json(asdict(facts) | ({"converted": dict(converted)} if closely else {}))
        return
    out = console()
    kind = "" if facts.official else " (not the official copy)"
    out.print(f"{facts.name}{kind}: {facts.train_images:,} train and {facts.test_images:,} test images", markup=False)
    out.print(f"{len(facts.classes)} classes, {facts.channels} x {facts.image_size} x {facts.image_size} pixels")
    out.print(f"fingerprint {facts.fingerprint}", soft_wrap=True)
    for note in facts.notes:
        out.print(f"! {note}", markup=False, soft_wrap=True)
    for path, kind in converted.items() if closely else ():
        out.print(f"  {path}: {kind}", markup=False, soft_wrap=True)


def _twins(data: Dataset) -> tuple[str, ...]:
    from ceteris.data.twins import twin_note, twins

    found = twins(data.train, data.test)
    return twin_note(found, len(data.test.labels), "test image {}".format, "training image {}".format)
