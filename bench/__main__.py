"""`make bench`, or `python -m bench`: measure, print the tables, write the results as JSON and the page from them.

With `--page`, only the page is made again from results that are there. Takes a quarter of an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import tables
from bench.cases import CPU_CASES
from bench.children import Failed
from bench.page import missed, page
from bench.run import Wanted, run
from ceteris.errors import InputError

DOCS = Path(__file__).resolve().parent.parent / "docs"
TABLES = (
    tables.one_trial,
    tables.in_bf16,
    tables.machine_limits,
    tables.limits,
    tables.costly,
    tables.around,
    tables.many_trials,
    tables.odd_one_out,
)
CPU_RESULTS, GPU_RESULTS, PAGE = "speed-cpu.json", "speed-gpu.json", "speed.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when it was measured, whatever came out, 2 when it could not be."""
    wanted = _options().parse_args(arguments)
    kept = wanted.to / "results" / CPU_RESULTS
    try:
        if not wanted.page:
            models = tuple(wanted.models or Wanted().models)
            asked = Wanted(wanted.repeats, wanted.seconds, models, wanted.data_dir, wanted.allow_modified_data)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(run(asked, _say), indent=1) + "\n", encoding="utf-8")
        result = json.loads(kept.read_text(encoding="utf-8"))
    except (InputError, Failed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for table in TABLES:
        print(f"{table(result)}\n")
    print("\n".join(f"not reached: {line}" for line in missed(result)) or "all aims are reached")
    gpu = wanted.to / "results" / GPU_RESULTS
    also = json.loads(gpu.read_text(encoding="utf-8")) if gpu.exists() else None
    (wanted.to / PAGE).write_text(page(result, also), encoding="utf-8")
    print(f"written to {kept} and {wanted.to / PAGE}")
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--page", action="store_true", help="measure nothing; make the page from the last results")
    options.add_argument("--repeats", type=int, default=Wanted.repeats, metavar="N", help="of every measurement")
    options.add_argument("--seconds", type=float, default=Wanted.seconds, metavar="S", help="of every measured stretch")
    options.add_argument("--models", nargs="*", choices=[one.model for one in CPU_CASES], help="only these networks")
    options.add_argument("--data-dir", help="folder that holds CIFAR-10; without, random images of its shape")
    options.add_argument("--allow-modified-data", action="store_true", help="a copy that is not the official one")
    options.add_argument("--to", type=Path, default=DOCS, help="folder of the page; results lie in `results` below it")
    return options


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
