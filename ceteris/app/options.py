"""Options that commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ceteris.app import completing

if TYPE_CHECKING:
    from ceteris.data.source import DataPlace, Progress
    from ceteris.lab.plan import Request

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_STORE = "ceteris-store"

key_argument = click.argument("key", shell_complete=completing.keys)
store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="Folder of the records.",
)
language_option = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report."
)
workers_option = click.option(
    "--workers", type=int, help="Trials at a time; by default one per core, on GPUs one on each."
)
device_option = click.option(
    "--device", help="cpu, cuda, cuda:1, mps; by default the best there is.", shell_complete=completing.devices
)
import_option = click.option(
    "--import",
    "modules",
    multiple=True,
    metavar="MODULE",
    help="Module to import first, as it registers parts of your own.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
data_options = (
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        envvar="CETERIS_DATA",
        help="Where data sets lie or are downloaded to (or CETERIS_DATA).",
    ),
    click.option(
        "--allow-modified-data",
        is_flag=True,
        help="Use a copy that differs from the official data set, under its own fingerprint.",
    ),
)


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order given."""
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


def data_place(data_dir: Path | None, allow_modified: bool, progress: Progress | None = None) -> DataPlace:
    """Where data lies: the option, CETERIS_DATA, or a folder of the user's cache."""
    import platformdirs

    from ceteris.data.source import DataPlace, no_progress

    cache = Path(os.environ.get("CETERIS_CACHE") or platformdirs.user_cache_path("ceteris"))
    where = data_dir.expanduser() if data_dir else cache / "data"
    return DataPlace(where, cache / "decoded", allow_modified, progress or no_progress)


@dataclass(frozen=True)
class Asked:
    """The options that name a study, how much of it, and where things lie."""

    study: str
    scale: str
    seeds: int | None
    sets: tuple[str, ...]
    modules: tuple[str, ...]
    store: Path
    data_dir: Path | None
    allow_modified_data: bool

    def request(self) -> Request:
        """What is asked for. Raises InputError."""
        from ceteris.app.finding import find_study, seed_list, set_values
        from ceteris.app.importing import import_modules
        from ceteris.lab.plan import Request

        import_modules(self.modules)
        found, locate = find_study(self.study)
        options = [*(("--scale", self.scale) if self.scale != "full" else ())]
        options += ["--seeds", str(self.seeds)] if self.seeds else []
        for each in self.sets:
            options += ["--set", each]
        for each in self.modules:
            options += ["--import", each]
        options += ["--allow-modified-data"] if self.allow_modified_data else []
        overrides = set_values(self.sets)
        return Request(found, self.scale, seed_list(self.seeds), overrides, self.study, tuple(options), locate)

    def place(self) -> DataPlace:
        """Where data lies."""
        return data_place(self.data_dir, self.allow_modified_data)


def asking(*, required: bool = True) -> Callable[[Command], Command]:
    """Give a command the shared options, collected in its first argument, an `Asked`."""
    options = (
        click.argument("study", required=required, shell_complete=completing.studies),
        click.option(
            "--scale",
            default="full",
            show_default=True,
            help="smoke, laptop, full, or another of the study's.",
            shell_complete=completing.scales,
        ),
        click.option("--seeds", type=int, help="Number of seeds, instead of the study's; fixed, so without its looks."),
        click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set a value of every arm's recipe."),
        import_option,
        store_option,
        *data_options,
    )

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_asked(**given: Any) -> Any:
            asked = Asked(**{name: given.pop(name) for name in Asked.__dataclass_fields__})
            return command(asked, **given)

        return cast(Command, with_options(*options)(with_asked))

    return decorate
