"""Everything of one person on this machine, found from outside: rows, objects in every version, keys, bytes in files.

The services are not asked, so that what they say of an erasure can be held against what is found. Not found from
outside: what names a person by the gateway's keyed digest alone (rate limits, some idempotency keys), and the memory of
processes.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from semblance.kernel.ids import SubjectId, parse_id
from semblance.local import config as configuration
from semblance.local.layout import Layout
from semblance.local.rights import SERVICES
from semblance.objects.buckets import ALL_BUCKETS
from semblance.objects.file_keyring import FileKeyRing
from semblance.objects.minio_store import MinioStore

_ID_COLUMNS = ("id", "image_id", "job_id")
# The row of the erasure itself names the person until the receipt is signed.
_NOT_THE_PERSONS = {("identity", "erasures"), ("identity", "erasure_answers")}


@dataclass(frozen=True)
class Inventory:
    """How many things there are, by place. `rows`: "<service> <table>", the person's own rows and those that name one
    of their things. `objects`: "<bucket>". `files`: database files that hold the id's bytes, also in freed pages."""

    rows: Mapping[str, int] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)
    keys: int = 0
    files: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing of the person is left."""
        return not (self.rows or self.objects or self.keys or self.files)


def take(layout: Layout, subject_id: SubjectId, things: Iterable[str] = ()) -> Inventory:
    """What there is of the person now. `things`: ids to look for besides those that the person's rows name, so that
    nothing is missed after the rows are gone."""
    needles = {subject_id, *things, *things_of(layout, subject_id)}
    ring = FileKeyRing(layout.keyring, layout.secrets / "kek")
    return Inventory(
        rows=rows_with(layout, needles),
        objects=_objects(layout, subject_id),
        keys=int(ring.exists(subject_id)),
        files=files_with(layout, subject_id),
    )


def things_of(layout: Layout, subject_id: SubjectId) -> set[str]:
    """Ids of the person's things, wherever they are kept."""
    return {name for service in SERVICES for name in _things_of(layout.database(service), subject_id)}


def rows_with(layout: Layout, needles: set[str]) -> dict[str, int]:
    """How many rows of each "<service> <table>" name one of these."""
    rows = Counter[str]()
    for service in SERVICES:
        for table, count in _rows(layout.database(service), needles):
            if (service, table) not in _NOT_THE_PERSONS:
                rows[f"{service} {table}"] += count
    return dict(rows)


def _objects(layout: Layout, subject_id: SubjectId) -> dict[str, int]:
    found = configuration.read(layout.config)
    store = MinioStore(f"127.0.0.1:{found.store_port}", found.store_admin_key, found.store_admin_secret, secure=False)
    counts = {bucket: len(store.versions(bucket, f"{subject_id}/")) for bucket in ALL_BUCKETS}
    return {bucket: count for bucket, count in counts.items() if count}


def files_with(layout: Layout, subject_id: SubjectId) -> tuple[str, ...]:
    """Names of database files, write-ahead logs and whatever else lies beside them that hold the id's bytes."""
    folder = layout.database("x").parent
    return tuple(path.name for path in sorted(folder.iterdir()) if path.is_file() and _holds(path, subject_id.encode()))


def _holds(path: Path, needle: bytes) -> bool:
    try:
        return needle in path.read_bytes()
    except FileNotFoundError:  # a log that was just emptied
        return False


def _things_of(path: Path, subject_id: SubjectId) -> Iterator[str]:
    with _open(path) as database:
        for table, columns in _tables(database):
            named = [column for column in _ID_COLUMNS if column in columns]
            if "subject_id" in columns and named:
                query = f'SELECT "{named[0]}" FROM "{table}" WHERE subject_id = ?'  # noqa: S608 - the schema's names
                yield from (str(row[0]) for row in database.execute(query, (subject_id,)))


def _rows(path: Path, needles: set[str]) -> Iterator[tuple[str, int]]:
    with _open(path) as database:
        for table, _ in _tables(database):
            rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the schema's names
            count = sum(any(_names(cell, needles) for cell in row) for row in rows)
            if count:
                yield table, count


def _names(cell: object, needles: set[str]) -> bool:
    """Whole ids are looked up, longer texts and bytes are searched."""
    if isinstance(cell, bytes):
        return any(needle.encode() in cell for needle in needles)
    if not isinstance(cell, str):
        return False
    return cell in needles or (len(cell) > 36 and any(needle in cell for needle in needles))


def _tables(database: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [
        (name, [str(column[1]) for column in database.execute(f'PRAGMA table_info("{name}")')]) for (name,) in names
    ]


def _open(path: Path) -> closing[sqlite3.Connection]:
    """Reading only. Of a platform on PostgreSQL the rows are not found here."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    return closing(database)


def main(arguments: list[str]) -> None:
    """`python -m semblance.local.inventory DATA SUBJECT_ID [THING_ID ...]`: as JSON; exit 1 while something is left."""
    data, subject_id, *things = arguments
    found = take(Layout(Path(data)), SubjectId(parse_id(subject_id, "subject_id")), things)
    print(
        json.dumps({"rows": found.rows, "objects": found.objects, "keys": found.keys, "files": found.files}, indent=1)
    )
    sys.exit(0 if found.empty else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
