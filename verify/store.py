"""Finished work of a campaign, in SQLite: an interrupted campaign resumes without losing or repeating any."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from .errors import OutputError


class Store:
    """Results by (settings of the campaign, claim, shard). One process writes."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS work (settings TEXT, claim TEXT, shard INTEGER, result TEXT, "
                "PRIMARY KEY (settings, claim, shard))"
            )
            self._db.commit()
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"cannot write {str(path)!r}: {error}; choose another --out or remove the file") from None

    def get(self, settings: str, claim: str, shard: int) -> dict[str, Any] | None:
        """The stored result of a piece of work, or None."""
        row = self._db.execute(
            "SELECT result FROM work WHERE settings=? AND claim=? AND shard=?", (settings, claim, shard)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, settings: str, claim: str, shard: int, result: dict[str, Any]) -> None:
        """Keep the result of a finished piece of work; committed at once."""
        try:
            with self._db:
                self._db.execute(
                    "INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?)",
                    (settings, claim, shard, json.dumps(result)),
                )
        except sqlite3.Error as error:
            raise OutputError(f"cannot store the result of {claim}: {error}; free some space and run again") from None

    def close(self) -> None:
        self._db.close()


def fingerprint(**parts: Any) -> str:
    """A key for the settings that a result depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]
