"""The store: records by key, in plain files. Append-only, atomic, verified when read; no server, no index to trust."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ceteris.errors import InputError, Problem
from ceteris.store.atomic import make_folder_atomically, sync_folder, write_atomically
from ceteris.store.checkpoints import Checkpoints
from ceteris.store.files import RECORD, BrokenRecord, pack, read_statement, sha256, unpack
from ceteris.store.findings import pack_findings, unpack_findings
from ceteris.store.locks import has_locks, locked
from ceteris.study.findings import Findings, Identity, identity_slug
from ceteris.study.record import Record, Status

UNFINISHED = "unfinished"
_KEY = re.compile(r"[0-9a-f]{64}")
_START = re.compile(r"[0-9a-f]{,64}")
_OVERTAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOENT}
"""What a writer hears when another has made the folder, and cleared up, before it."""


class Store:
    """Records under one folder: `<root>/<key[:2]>/<key>/record.json` and the files that it names.

    A record's folder is made elsewhere and renamed: it is there whole or not at all, and a trial that has one is never
    trained again. What probes found lies in its `probes/`; a record is complete without. What a trial needs while it is
    trained lies in `<root>/unfinished/`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folder. Raises InputError when nothing can be written there."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            write_atomically(self.root / ".writable", b"")
        except OSError as error:
            raise self._cannot_write(error) from None

    @property
    def has_locks(self) -> bool:
        """Whether two runs that share this store know of each other at all; after `prepare`."""
        return has_locks(self.root / ".writable")

    def folder(self, key: str) -> Path:
        """Where a trial's files lie."""
        return self.root / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether the trial is complete."""
        return self.stamp(key) is not None

    def stamp(self, key: str) -> tuple[int, int] | None:
        """Size and time (ns) of the trial's `record.json`: while they stay, so does what it says. None without one."""
        try:
            found = os.stat(f"{self.root}/{key[:2]}/{key}/{RECORD}")  # noqa: PTH116  # a Path costs more than the call
        except (FileNotFoundError, NotADirectoryError):
            return None
        return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

    def begun(self, key: str) -> int:
        """Epochs done by the trial's latest checkpoint, 0 without one."""
        folder = f"{self.root}/{UNFINISHED}/{key}"
        return self.checkpoints(key).epoch if os.path.isdir(folder) else 0  # noqa: PTH112  # as above

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those that are not complete, in order."""
        return [key for key in keys if not self.has(key)]

    def keys(self, start: str = "") -> list[str]:
        """Every complete trial's key, or those that begin so, sorted."""
        return self._complete(f"{start[:2]:?<2}/{start}*/{RECORD}") if _START.fullmatch(start) else []

    def find(self, start: str) -> str:
        """The one complete trial's key that begins so. Raises InputError when there is none or several."""
        if not re.fullmatch(r"[0-9a-f]{4,64}", start):
            raise InputError(Problem(f"{start!r} is not a key", hint="a key is 64 hex digits; the first 4 or more do"))
        if _KEY.fullmatch(start) and self.has(start):
            return start
        found = self.keys(start)
        if len(found) != 1:
            many = f"{len(found)} trials have a key that begins with {start}" if found else f"no trial has key {start}"
            raise InputError(Problem(many, str(self.root), "`ceteris status STUDY` lists them"))
        return found[0]

    def put(self, record: Record, findings: Iterable[Findings] = ()) -> None:
        """Write a trial's record, with what probes found while it was trained. Raises OSError, and leaves none then.

        A complete trial keeps the record it has: one that comes later, from a writer that lost its claim, is dropped.
        """
        if not self.has(record.key):
            try:
                self._make(record, findings)
            except OSError as error:
                if error.errno not in _OVERTAKEN or not self.has(record.key):
                    raise
        self.checkpoints(record.key).clear()
        for left_by_a_kill in self._unfinished.glob(f".{record.key}.*"):
            shutil.rmtree(left_by_a_kill, ignore_errors=True)

    def get(self, key: str, *, weights: bool = False) -> Record:
        """A record, every file that is read verified by its hash. Raises InputError naming what is broken."""
        try:
            return self._read(key, weights)
        except BrokenRecord as error:
            hint = "`ceteris fsck` lists what is broken and sets it aside"
            raise InputError(Problem(str(error), str(self.folder(key)), hint)) from None

    def statement(self, key: str) -> dict[str, Any]:
        """`record.json` alone: status, metrics, cost and facts without arrays. Raises InputError when broken."""
        try:
            return self._statement(key)
        except BrokenRecord as error:
            raise InputError(Problem(str(error), str(self.folder(key)), "run `ceteris fsck`")) from None

    def put_findings(self, key: str, findings: Findings) -> None:
        """Write what a probe found in a trial, the statement last. Raises OSError, and leaves it missing then."""
        folder = self._probes(key)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pack_findings(key, findings).items():
            write_atomically(folder / name, content)
        sync_folder(folder.parent)

    def missing_findings(self, key: str, probes: Iterable[Identity]) -> list[Identity]:
        """Those of the probes that have left nothing for that trial, in order; a probe that failed has."""
        return [probe for probe in probes if not (self._probes(key) / f"{identity_slug(probe)}.json").is_file()]

    def findings(self, key: str, probes: Sequence[Identity]) -> list[Findings]:
        """What those probes found in a trial, as far as it is there, verified, in order.

        Raises InputError naming what is broken.
        """
        missing = self.missing_findings(key, probes)
        try:
            return [self._findings(key, identity_slug(probe)) for probe in probes if probe not in missing]
        except BrokenRecord as error:
            hint = "`ceteris fsck` lists what is broken and sets it aside"
            raise InputError(Problem(str(error), str(self._probes(key)), hint)) from None

    def broken(self, key: str) -> str:
        """What is wrong with a record or its findings, in words; empty when every file is as it was written."""
        return self._broken_record(key) or "; ".join(self._broken_findings(key).values())

    def set_aside(self, key: str) -> Path:
        """Move a broken record out of the way, so that the trial counts as missing; nothing is deleted.

        Where only findings are broken, only they go.
        """
        findings = self._broken_findings(key)
        if not findings or self._broken_record(key):
            return self._move(key, "set-aside")
        target = self._free_place(key, "set-aside")
        target.mkdir()
        for slug in findings:
            for file in self._probes(key).glob(f"{slug}.*"):
                file.rename(target / file.name)
        sync_folder(target)
        return target

    def unfinished(self) -> list[str]:
        """Every key that has checkpoints but no record, sorted."""
        return sorted(f.name for f in self._unfinished.glob("*/") if _KEY.fullmatch(f.name) and not self.has(f.name))

    def set_aside_checkpoints(self, key: str, *, broken: bool = False) -> Path:
        """Move an unfinished trial's checkpoints out of the way, or the broken ones alone; nothing is deleted."""
        checkpoints, target = self.checkpoints(key), self._free_place(key, "set-aside")
        if not broken:
            checkpoints.folder.rename(target)
        else:
            target.mkdir()
            for file in checkpoints.broken():
                file.rename(target / file.name)
        sync_folder(target.parent)
        return target

    def reopen(self, key: str) -> Path:
        """Let a failed trial be trained again under the same key; where its record, log and all, is kept."""
        if self.statement(key)["status"] != Status.FAILED:
            raise ValueError("only a failed trial is tried again")
        return self._move(key, "failed")

    def checkpoints(self, key: str) -> Checkpoints:
        """The unfinished trial's checkpoints."""
        return Checkpoints(self._unfinished / key)

    @contextlib.contextmanager
    def claim(self, key: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold a trial. The system lets go when the holder dies.

        Whether it is held: where another process has it, `wait` waits for it, and without nothing is held. Raises
        InputError when nothing can be written there.
        """
        with contextlib.ExitStack() as held:
            try:
                self._unfinished.mkdir(parents=True, exist_ok=True)
                mine = held.enter_context(locked(self._unfinished / f"{key}.claim", wait=wait))
            except OSError as error:
                raise self._cannot_write(error) from None
            yield mine

    @property
    def _unfinished(self) -> Path:
        return self.root / UNFINISHED

    def _make(self, record: Record, findings: Iterable[Findings]) -> None:
        key, folder, files = record.key, self.folder(record.key), pack(record)
        files |= {f"probes/{name}": kept for found in findings for name, kept in pack_findings(key, found).items()}
        self._unfinished.mkdir(parents=True, exist_ok=True)
        if folder.is_dir() and folder / RECORD not in folder.iterdir():
            self._move(key, "set-aside")  # half of a copied store, say: what it is we cannot know
        make_folder_atomically(folder, files, self._unfinished / f".{key}.{secrets.token_hex(8)}")

    def _complete(self, pattern: str) -> list[str]:
        files = (file for file in self.root.glob(pattern) if _KEY.fullmatch(file.parent.name))
        return sorted(file.parent.name for file in files if file.parent == self.folder(file.parent.name))

    def _move(self, key: str, where: str) -> Path:
        target = self._free_place(key, where)
        self.folder(key).rename(target)
        sync_folder(target.parent)
        return target

    def _free_place(self, key: str, where: str) -> Path:
        aside = self.root / where
        aside.mkdir(exist_ok=True)
        return next(path for n in itertools.count(1) if not (path := aside / f"{key}.{n}").exists())

    def _probes(self, key: str) -> Path:
        return self.folder(key) / "probes"

    def _findings(self, key: str, slug: str) -> Findings:
        def read(name: str) -> bytes:
            try:
                return (self._probes(key) / name).read_bytes()
            except OSError as error:
                raise BrokenRecord(f"{name} cannot be read: {error.strerror}") from None

        return unpack_findings(key, slug, read)

    def _broken_record(self, key: str) -> str:
        try:
            self._read(key, weights=True)
        except BrokenRecord as error:
            return str(error)
        return ""

    def _broken_findings(self, key: str) -> dict[str, str]:
        """Slug -> what is wrong."""
        broken = {}
        for slug in sorted(file.stem for file in self._probes(key).glob("*.json") if file.name[0] != "."):
            try:
                self._findings(key, slug)
            except BrokenRecord as error:
                broken[slug] = str(error)
        return broken

    def _cannot_write(self, error: OSError) -> InputError:
        what = f"the store cannot be written: {error.strerror}"
        return InputError(Problem(what, str(self.root), "choose another folder with --store"))

    def _read(self, key: str, weights: bool) -> Record:
        said = self._statement(key)
        return unpack(said, lambda name: self._verified(key, name, said), weights=weights)

    def _statement(self, key: str) -> dict[str, Any]:
        try:
            said = read_statement((self.folder(key) / RECORD).read_bytes())
        except OSError as error:
            raise BrokenRecord(f"{RECORD} cannot be read: {error.strerror}") from None
        if said.get("key") != key:
            raise BrokenRecord(f"{RECORD} belongs to another trial")
        return said

    def _verified(self, key: str, name: str, said: dict[str, Any]) -> bytes:
        try:
            content = (self.folder(key) / name).read_bytes()
        except OSError as error:
            raise BrokenRecord(f"{name} cannot be read: {error.strerror}") from None
        if sha256(content) != said["files"][name]["sha256"]:
            raise BrokenRecord(f"{name} does not match the sha256 in {RECORD}")
        return content
