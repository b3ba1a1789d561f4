"""The inventory's file: opened, brought up to date, shared between threads and processes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from avrdeck.boards.text import printable
from avrdeck.protocol.errors import Fault, InputFault

APPLICATION_ID = 0x61767264
"""``avrd`` in the file's header: another program's database is not written into."""
BUSY_SECONDS = 10.0
"""How long to wait for another process; each holds the file for milliseconds."""
RETRY_SECONDS = 0.02
"""Between attempts at what SQLite does not wait for by itself: the change to WAL."""

MIGRATIONS = (
    """
    CREATE TABLE chip (
        id INTEGER PRIMARY KEY,
        signature TEXT NOT NULL,
        serial TEXT NOT NULL,
        source TEXT NOT NULL,
        part TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        notes TEXT NOT NULL DEFAULT '',
        port TEXT NOT NULL DEFAULT '',
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        sightings INTEGER NOT NULL DEFAULT 0,
        UNIQUE (signature, serial)
    );
    CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        chip INTEGER NOT NULL REFERENCES chip (id) ON DELETE CASCADE,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX event_of_chip ON event (chip, kind, id);
    """,
    """
    ALTER TABLE event ADD COLUMN port TEXT NOT NULL DEFAULT '';
    CREATE TABLE place (
        id INTEGER PRIMARY KEY,
        port TEXT NOT NULL,
        adapter TEXT NOT NULL,
        chip INTEGER NOT NULL REFERENCES chip (id) ON DELETE CASCADE,
        at TEXT NOT NULL,
        fuses TEXT NOT NULL,
        UNIQUE (port, adapter)
    );
    INSERT OR REPLACE INTO place (port, adapter, chip, at, fuses)
        SELECT port, '', id, last_seen, COALESCE(
            (SELECT data FROM event WHERE event.chip = chip.id AND kind = 'fuses' ORDER BY id DESC LIMIT 1),
            '{}'
        )
        FROM chip WHERE port <> '' AND source IN ('documented', 'undocumented') ORDER BY last_seen, id;
    """,
)
"""The statements that lead from one version of the file (``user_version``) to the next. Only ever append."""


class Database:
    """An open file. One statement at a time, whichever thread it comes from."""

    def __init__(self, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
        self.path = path
        self._lock = threading.Lock()
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.row_factory = sqlite3.Row
                self._connection.execute("PRAGMA foreign_keys = ON")
                # A file from elsewhere must not make SQLite run functions that its schema names.
                self._connection.execute("PRAGMA trusted_schema = OFF")
                self._migrate(migrations)
                _use_wal(self._connection)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock, _told(self.path):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Exclusive for writers from the beginning, so that what is read stays true until the end.

        Raises `Fault` when another process holds the file for too long.
        """
        with self._lock, _told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view; waits for nobody."""
        with self._lock, _told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    def _migrate(self, migrations: Sequence[str]) -> None:
        if self._version() == len(migrations) and self._application() == APPLICATION_ID:
            return
        with self.transaction() as connection:
            # Another process may have done it in between.
            version = self._version()
            empty = not version and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            if not empty and self._application() != APPLICATION_ID:
                raise _foreign(self.path)
            if version > len(migrations):
                raise InputFault(
                    f"{printable(str(self.path))} is the inventory of a newer avrdeck", advice="Use that one."
                )
            for script in migrations[version:]:
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(migrations)}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _application(self) -> int:
        return int(self._connection.execute("PRAGMA application_id").fetchone()[0])


def _use_wal(connection: sqlite3.Connection) -> None:
    """Readers and a writer at once; where the file system cannot do that, SQLite's usual journal stays."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            if mode == "wal":
                connection.execute("PRAGMA synchronous = NORMAL")
            return


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors as faults."""
    shown = printable(str(path))
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise Fault(
                f"The inventory {shown} is busy", advice="Another program holds it; close that and try again."
            ) from error
        raise InputFault(
            f"The inventory {shown} cannot be used", detail=f"{printable(str(error))}."
        ) from error
    except sqlite3.DatabaseError as error:
        raise _foreign(path) from error
    except OSError as error:
        raise InputFault(f"The inventory {shown} cannot be opened", detail=f"{error.strerror}.") from error


def _foreign(path: Path) -> InputFault:
    return InputFault(
        f"{printable(str(path))} is no inventory, or a damaged one",
        advice="Move it away: avrdeck then begins a new one.",
    )
