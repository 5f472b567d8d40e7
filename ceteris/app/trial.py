"""`show`, `predict`, `export`: single trials."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceteris.app.options import import_option, json_option, key_argument, store_option, with_options

if TYPE_CHECKING:
    from rich.console import Console

    from ceteris.study.record import Record


@click.command(epilog="Example: ceteris show 3f2a")
@key_argument
@with_options(store_option, json_option)
def show(key: str, store: Path, as_json: bool) -> None:
    """Show one trial; KEY may be the first digits of a key."""
    from ceteris.app.screen import console, print_json
    from ceteris.store.records import Store

    shelf = Store(store)
    record = shelf.get(shelf.find(key))
    if as_json:
        print_json({**shelf.statement(record.key), "epochs": [asdict(row) for row in record.epochs], "log": record.log})
        return
    out = console()
    _show_outcome(out, record)
    _show_recipe(out, record)
    _show_curves(out, record)
    _show_layers(out, record)
    if record.log:
        out.print("\n[bold]log[/bold]")
        out.print(record.log, markup=False)


def _show_outcome(out: Console, record: Record) -> None:
    from ceteris.app.screen import duration

    out.print(f"[bold]{record.key}[/bold]", soft_wrap=True)
    out.print(
        f"{record.recipe['model']['name']} on {record.data.name}, seed {record.seed}: {record.status}", markup=False
    )
    if record.reason:
        out.print(record.reason, markup=False)
    for name, value in record.metrics.items():
        shown = f"{value:.4f} nats" if name == "nll" else f"{100 * value:.2f} %"
        out.print(f"  {name:15} {shown}")
    if record.cost:
        cost, shared = record.cost, ", beside other trials" if record.cost.shared_machine else ""
        out.print(f"  {'training':15} {duration(cost.train_seconds)}, {cost.images_per_second:,.0f} images/s{shared}")
        out.print(f"  {'peak memory':15} {cost.peak_memory_bytes / 2**20:,.0f} MiB")
    around = ", ".join(f"{name} {value}" for name, value in record.environment.items())
    out.print(f"  {'environment':15} {around}", markup=False, soft_wrap=True)


def _show_recipe(out: Console, record: Record) -> None:
    out.print("\n[bold]recipe[/bold]")
    for name, value in record.recipe.items():
        out.print(f"  {name:15} {_one_line(value)}", markup=False, soft_wrap=True)


def _show_curves(out: Console, record: Record) -> None:
    from ceteris.app.screen import table

    if not record.epochs:
        return
    titles = ("epoch", "train loss", "train top-1", "val. loss", "val. top-1", "rate", "seconds")
    rows = table(*titles, right=titles)
    for row in record.epochs:
        chosen = "*" if row.epoch == record.chosen_epoch else ""
        rows.add_row(
            f"{chosen}{row.epoch}", f"{row.train_loss:.4f}", f"{100 * row.train_top1:.2f}",
            f"{row.validation_loss:.4f}", f"{100 * row.validation_top1:.2f}",
            f"{row.learning_rate:.3g}", f"{row.seconds:.1f}",
        )  # fmt: skip
    out.print("\n[bold]curves[/bold] (* the epoch that was tested)")
    out.print(rows)


def _show_layers(out: Console, record: Record) -> None:
    from ceteris.app.screen import table

    if record.model is None:
        return
    rows = table("layer", "kind", "in", "out", "parameters", "MACs", right=("parameters", "MACs"))
    for layer in record.model.layers:
        shapes = ["x".join(map(str, shape)) for shape in (layer.input_shape, layer.output_shape)]
        rows.add_row(layer.name, layer.kind, *shapes, f"{layer.parameters:,}", f"{layer.macs:,}")
    rows.add_row("[bold]all[/bold]", "", "", "", f"{record.model.parameters:,}", f"{record.model.macs:,}")
    out.print("\n[bold]layers[/bold] (channels x height x width, for one image)")
    out.print(rows)


def _one_line(value: Any) -> str:
    if isinstance(value, dict) and "name" in value:
        options = ", ".join(f"{k}={_one_line(v)}" for k, v in value.items() if k not in ("name", "version"))
        return f"{value['name']} ({options})" if options else str(value["name"])
    if isinstance(value, dict):
        return ", ".join(f"{k}={_one_line(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_one_line(item) for item in value) or "none"
    return {None: "none"}.get(value, str(value))


@click.command(epilog="Example: ceteris predict 3f2a cat.jpg dog.png")
@key_argument
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=3, show_default=True, type=click.IntRange(min=1), help="Classes to print per image.")
@with_options(import_option, store_option, json_option)
def predict(
    key: str, images: tuple[Path, ...], top: int, *, modules: tuple[str, ...], store: Path, as_json: bool
) -> None:
    """Class probabilities for image files, with a trial's trained weights."""
    import numpy as np

    from ceteris.app.importing import import_modules
    from ceteris.app.screen import console, print_json
    from ceteris.data.decode import decode_image
    from ceteris.engine.classify import classify
    from ceteris.store.records import Store

    import_modules(modules)
    shelf = Store(store)
    record = shelf.get(shelf.find(key), weights=True)
    size, channels = record.data.image_size, record.data.channels
    pixels = np.stack([decode_image(_content(image), str(image), size, channels) for image in images])
    probabilities = classify(record, pixels)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    rows: list[dict[str, Any]] = [
        {"image": str(image), "classes": {record.data.classes[c]: float(row[c]) for c in chosen}}
        for image, row, chosen in zip(images, probabilities, best, strict=True)
    ]
    if as_json:
        print_json(rows)
        return
    out = console()
    for row in rows:
        shown = "  ".join(f"{name} {100 * value:.1f} %" for name, value in row["classes"].items())
        out.print(f"{row['image']}: {shown}", markup=False, soft_wrap=True)


def _content(image: Path) -> bytes:
    from ceteris.errors import InputError, Problem

    try:
        return image.read_bytes()
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", str(image))) from None


@click.command(epilog="Example: ceteris export 3f2a --to my-network")
@key_argument
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A folder that is new, or empty.")
@click.option(
    "--onnx/--no-onnx",
    default=None,
    help="With an ONNX graph, or fail; or without one. By default with one where that is possible.",
)
@with_options(import_option, store_option, json_option)
def export(key: str, folder: Path, onnx: bool | None, *, modules: tuple[str, ...], store: Path, as_json: bool) -> None:
    """Write a trial's weights (safetensors) and recipe, and an ONNX graph, to a folder.

    The graph takes images as they are decoded, uint8 [n, size, size, channels]: normalisation is part of it.
    """
    from ceteris.app.importing import import_modules
    from ceteris.app.screen import console, print_json, warn
    from ceteris.lab.export import export as write
    from ceteris.store.records import Store

    import_modules(modules)
    shelf = Store(store)
    exported = write(shelf, shelf.find(key), folder, onnx=onnx)
    if as_json:
        print_json({"folder": str(folder), "files": exported.files, "without_onnx": exported.without_onnx})
        return
    out = console()
    for name, what in exported.files.items():
        out.print(f"{folder / name}: {what}", markup=False, soft_wrap=True)
    if exported.without_onnx:
        warn(out, f"no ONNX graph: {exported.without_onnx}")
