"""The command line: parse, call, print. Light to import: torch and the like come with the command that needs them."""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import sys
from typing import Any

import click

from ceteris.errors import InputError
from ceteris.version import VERSION

SOME_TRIAL_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)

COMMANDS = {
    "studies": ("ceteris.app.listing", "List the built-in studies."),
    "parts": ("ceteris.app.listing", "List models, data sets, augmentations, optimizers, schedules, losses, probes."),
    "plan": ("ceteris.app.experiment", "Show what a study would train and what it could find out; nothing runs."),
    "run": ("ceteris.app.experiment", "Plan, train what is missing, report; run again to go on."),
    "status": ("ceteris.app.experiment", "Show what is done, running and left."),
    "compare": ("ceteris.app.comparing", "Compare two arms of a study in full, or results from a CSV file."),
    "report": ("ceteris.app.experiment", "Rebuild the report from records only."),
    "show": ("ceteris.app.trial", "Show one trial: recipe, curves, cost, environment, layers."),
    "predict": ("ceteris.app.trial", "Classify image files with a trial's trained weights."),
    "export": ("ceteris.app.trial", "Export a trial's weights, recipe and ONNX graph to a folder."),
    "data": ("ceteris.app.listing", "List, get or check data sets."),
    "fsck": ("ceteris.app.checking", "Verify every record of the store."),
    "doctor": ("ceteris.app.doctor", "Show the environment, and what is missing and how to get it."),
}


class _Commands(click.Group):
    """Loads the module of a command when it is called, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name][0]), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from ceteris.errors import did_you_mean

            raise click.UsageError(f"no command {args[0]!r} ({did_you_mean(args[0], COMMANDS)})")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: ceteris run quickstart",
)
@click.version_option(VERSION, prog_name="ceteris")
def cli() -> None:
    """Controlled experiments on image classifiers: all else equal, and an interval behind every sentence.

    Exit codes: 0 done, 1 some trial failed, 2 bad input, 130 interrupted.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. A user's mistake is printed, never a traceback."""
    try:
        code = cli.main(arguments, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except InputError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        return BAD_INPUT
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # `ceteris status | head`
        sys.stderr.close()
        return 0
    except OSError as error:  # a disk that refuses, where no command could say it better
        if error.errno not in REFUSALS:
            raise
        where = f"{error.filename}: " if error.filename else "output: "
        sys.stdout = None  # or the interpreter would complain once more when it ends
        click.echo(f"error: {where}{error.strerror} (free some space, or write elsewhere)", err=True)
        return BAD_INPUT


def command() -> int:
    """`main`, as the whole of a process: little is garbage in one, and looking for it takes a tenth of its time."""
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)  # nor does its end look through all of torch, which takes a second
    return main()


if __name__ == "__main__":
    sys.exit(command())
