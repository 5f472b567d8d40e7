"""What records state, as it was read before: only those that changed are read again. A cache, never the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ceteris.store.records import Store

Row = list[Any]
"""Size and time of `record.json`, then what it says: status, reason, metrics."""


class Seen(Store):
    """A store in which a statement is its status, reason and metrics, and every trial is looked at once.

    A trial that changes later is as it was at the first look: what is counted from one of these fits together.
    """

    def __init__(self, root: Path, before: Mapping[str, Row]) -> None:
        """Begin with the rows of an earlier look."""
        super().__init__(root)
        self._before = before
        self._rows: dict[str, Row | None] = {}
        self.read = 0

    def has(self, key: str) -> bool:
        return self._row(key) is not None

    def statement(self, key: str) -> dict[str, Any]:
        """Status, reason and metrics. Raises InputError when the record is broken, KeyError when there is none."""
        row = self._row(key)
        if row is None:
            raise KeyError(key)
        return {"status": row[2], "reason": row[3], "metrics": row[4]}

    def look(self, keys: Iterable[str]) -> None:
        """Look at these trials now, so that `changed` speaks of them."""
        for key in keys:
            self._row(key)

    @property
    def rows(self) -> dict[str, Row]:
        """Of every complete trial that was looked at, to begin with the next time."""
        return {key: row for key, row in self._rows.items() if row is not None}

    @property
    def changed(self) -> bool:
        """Whether a trial that was looked at is not as it was, or was not there, or is gone."""
        return self.read > 0 or any(row is None and key in self._before for key, row in self._rows.items())

    def _row(self, key: str) -> Row | None:
        if key not in self._rows:
            self._rows[key] = self._look(key)
        return self._rows[key]

    def _look(self, key: str) -> Row | None:
        stamp = self.stamp(key)
        if stamp is None:
            return None
        known = self._before.get(key)
        if known and known[:2] == [*stamp]:
            return known
        said = super().statement(key)
        self.read += 1
        return [*stamp, said["status"], said["reason"], said["metrics"]]
