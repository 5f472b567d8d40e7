"""Fetching an official archive: resumed where it broke off, verified, in place only when whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

from ceteris.data.source import Progress, no_progress
from ceteris.errors import InputError, Problem

BLOCK = 1 << 18


@dataclass(frozen=True)
class Remote:
    """An official file: where it is and what it must be (both digests in hex)."""

    url: str
    sha256: str
    md5: str

    @property
    def file_name(self) -> str:
        """The last part of its address."""
        return self.url.rpartition("/")[2]


def fetch(remote: Remote, target: Path, progress: Progress = no_progress, patience: Patience | None = None) -> None:
    """Download to `target`, unless it is there. What was received of a broken download is kept beside it and used.

    Several processes may ask at once: one downloads, the others wait. Raises InputError when the server cannot be
    reached, refuses, or sends something else.
    """
    if target.exists():
        return
    import pooch

    pooch.get_logger().setLevel("ERROR")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_name(f"{target.name}.lock")):
            if not target.exists():  # another process may have been first
                downloader = _Resuming(
                    remote, target.with_name(f"{target.name}.part"), progress, patience or Patience()
                )
                pooch.retrieve(remote.url, f"sha256:{remote.sha256}", target.name, target.parent, downloader=downloader)
    except (HTTPException, urllib.error.URLError) as error:
        raise _unreachable(remote, target, error) from None
    except OSError as error:
        what = f"{target.name} cannot be written: {error.strerror or error}"
        raise InputError(Problem(what, str(target.parent), "choose another folder with --data-dir")) from None


@dataclass(frozen=True)
class Patience:
    """When to give up: after `attempts` in a row that brought nothing new.

    Attributes:
        attempts: in a row.
        pause: seconds before another attempt.
        silence: seconds without a byte before a connection counts as broken.
    """

    attempts: int = 4
    pause: float = 2.0
    silence: float = 30.0


@dataclass(frozen=True)
class _Resuming:
    """A pooch downloader that goes on, by HTTP Range (RFC 9110, section 14), where an earlier one broke off."""

    remote: Remote
    part: Path
    progress: Progress
    patience: Patience

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        failures = 0
        while True:
            before = self._received()
            try:
                if self._receive():
                    break
                error: Exception = HTTPException("the connection broke off")
            except urllib.error.HTTPError as refusal:
                with refusal:
                    error = refusal
                if refusal.code == 416:  # what lies there is no beginning of the file
                    self.part.unlink(missing_ok=True)
                elif refusal.code < 500:
                    raise
            except (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError) as broken:
                error = broken
            failures = 0 if self._received() > before else failures + 1
            if failures >= self.patience.attempts:
                raise urllib.error.URLError(error)
            time.sleep(self.patience.pause)
        self._verify()
        self.part.replace(output_file)

    def _received(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self) -> bool:
        """Go on from what is there; True when the file is complete."""
        start = self._received()
        request = urllib.request.Request(self.remote.url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310
        with urllib.request.urlopen(request, timeout=self.patience.silence) as response:  # noqa: S310
            start, total = _extent(response, start)
            with self.part.open("r+b" if start else "wb") as file:
                file.seek(start)
                done = start
                while block := response.read1(BLOCK):
                    file.write(block)
                    done += len(block)
                    self.progress(f"downloading {self.part.stem}", done, total)
                file.flush()
                os.fsync(file.fileno())
        return done == total or not total

    def _verify(self) -> None:
        for algorithm, wanted in (("sha256", self.remote.sha256), ("md5", self.remote.md5)):
            with self.part.open("rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if found != wanted:
                self.part.unlink()
                what = f"what {self.remote.url} sent is not the official file: {algorithm} {found}, not {wanted}"
                raise InputError(Problem(what, hint="it was thrown away; try again, or fetch the file by other means"))


def _extent(response: HTTPResponse, wanted: int) -> tuple[int, int]:
    """Where this answer starts in the file, and the file's size (0 when the server does not say)."""
    if response.status == 206:
        said = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if said is None or int(said[1]) != wanted:
            raise HTTPException("the server sent another part than was asked for")
        return wanted, int(said[2])
    return 0, int(response.headers.get("Content-Length", 0))


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when its holder dies."""
    with lock.open("wb") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unreachable(remote: Remote, target: Path, error: Exception) -> InputError:
    while isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    hint = f"without a network, fetch it elsewhere and put it at {target}"
    return InputError(Problem(f"cannot download {remote.url}: {error}", hint=hint))
