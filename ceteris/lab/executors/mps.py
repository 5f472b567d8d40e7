"""Several processes on one NVIDIA card at the same time, by NVIDIA's multi-process service (MPS).

Without it their kernels take turns on the card, and processes side by side are hardly faster than one after another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ceteris.lab.likely import VISIBLE

CONTROL = "nvidia-cuda-mps-control"
PLACES = ("/usr/local/nvidia/bin", "/usr/bin", "/usr/local/cuda/bin")
"""Where containers and drivers put it, beside PATH."""
RUNNING_ALREADY = Path("/tmp/nvidia-mps/control")  # noqa: S108
"""The pipe of a service that somebody started with NVIDIA's defaults; every process finds it by itself."""
KEEPER = '"$0" -d && echo started && read -r _; echo quit | "$0"; rm -rf "$CUDA_MPS_PIPE_DIRECTORY"'
"""The service is told to quit when this process closes the pipe, or is gone, however it ended."""
SECONDS_TO_QUIT = 10.0


def control_program() -> str | None:
    """Where the program is that starts the service; it comes with NVIDIA's driver, on Linux only."""
    return shutil.which(CONTROL, path=os.pathsep.join([os.environ.get("PATH", ""), *PLACES]))


@contextlib.contextmanager
def shared_card(device: str, workers: int) -> Iterator[Mapping[str, str]]:
    """Inside, a service runs for these workers; gives the variables that they must be started with.

    Nothing is started, and there are no variables, where it is of no use or not there, or where the user started one.
    """
    program = control_program()
    there = "CUDA_MPS_PIPE_DIRECTORY" in os.environ or RUNNING_ALREADY.exists()
    if not device.startswith("cuda") or workers < 2 or program is None or there:
        yield {}
        return
    folder = tempfile.mkdtemp(prefix="mps-")
    variables = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
    # A service that sees only some cards counts them from 0, and the numbers that its clients know would be wrong.
    every_card = {name: value for name, value in os.environ.items() if name != VISIBLE}
    keeper = subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", KEEPER, program],
        env=every_card | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for this process, which lets its workers finish first
    )
    try:
        yield variables if _started(keeper) else {}
    finally:
        _quit(keeper)


def _started(keeper: subprocess.Popen[bytes]) -> bool:
    return keeper.stdout is not None and keeper.stdout.readline().strip() == b"started"


def _quit(keeper: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.communicate(timeout=SECONDS_TO_QUIT)
