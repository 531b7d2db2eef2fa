"""Connections that a process keeps open between uses: for a new one SQLite parses the whole schema, in 0.6 ms.

Such a process must not open the database's file by itself: to close it would end the locks of all that are kept (POSIX
says so). And where a file is moved after it was written to, the process must keep none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from sqlite_utils import Database


@dataclass(frozen=True)
class Connection:
    """An open database, and which file it is: another one may lie at its path by the time that it is used again."""

    path: Path
    file: tuple[int, int] | None
    """Device and inode."""
    db: Database


class KeptOpen:
    """What isn't in use right now; none is kept until `keep` was called, as a process does that answers many."""

    def __init__(self) -> None:
        self._most = 0
        self._idle: list[Connection] = []
        self._lock = Lock()

    def keep(self, most: int) -> None:
        """Keep this many from now on; 0 closes them all."""
        with self._lock:
            self._most = most
            self._close_surplus()

    def take(self, path: Path) -> Connection | None:
        """The one of this file that was used last, which is the caller's alone from then on; None if there is none."""
        if not self._idle:
            return None
        file = file_at(path)
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if (self._idle[place].path, self._idle[place].file) == (path, file):
                    return self._idle.pop(place)
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next use, or close it. What was begun with it and not committed is taken back."""
        try:
            connection.db.conn.rollback()
        except BaseException:
            connection.db.conn.close()
            raise
        with self._lock:
            self._idle.append(connection)
            self._close_surplus()

    def _close_surplus(self) -> None:
        while len(self._idle) > self._most:
            self._idle.pop(0).db.conn.close()


def file_at(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at a path; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
