"""What the platform keeps, looked at from outside: rows, objects, events, spans, log lines, files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semblance.contracts import registry
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.record import Record
from semblance.eventbus.settings import BrokerSettings
from semblance.local import config as configuration
from semblance.local.layout import Layout
from semblance.objects.minio_store import MinioStore


@dataclass(frozen=True)
class Kept:
    """One platform's data directory and running servers, with every right."""

    layout: Layout

    def rows(self, service: str, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a service's SQLite file."""
        address = f"file:{self.layout.database(service)}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def count(self, service: str, table: str, where: str = "1=1", *values: object) -> int:
        """How many rows of `table` fulfil `where`."""
        [row] = self.rows(service, f'SELECT count(*) AS n FROM "{table}" WHERE {where}', *values)  # noqa: S608 - tests
        return int(row["n"])

    def store(self) -> MinioStore:
        """The store with its administrator's rights."""
        found = configuration.read(self.layout.config)
        return MinioStore(
            f"127.0.0.1:{found.store_port}", found.store_admin_key, found.store_admin_secret, secure=False
        )

    def objects(self, bucket: str, subject_id: str) -> list[str]:
        """Keys of a person's objects."""
        return self.store().list(bucket, f"{subject_id}/")

    def broker(self) -> KafkaBroker:
        """The broker as a client sees it."""
        port = configuration.read(self.layout.config).ports["broker"]
        return KafkaBroker(BrokerSettings(f"127.0.0.1:{port}", timeout_s=60))

    def records(self, *topics: str) -> list[Record]:
        """Every record of `topics`; of every topic and dead-letter topic if none is named."""
        reader = self.broker().reader(topics or all_topics())
        found: list[Record] = []
        try:
            while not reader.caught_up():
                found += reader.poll(1.0)
            return found
        finally:
            reader.close()

    def spans(self, trace_id: str | None = None) -> list[dict[str, Any]]:
        """Spans so far, of one trace or of all."""
        found = list(_json_lines(self.layout.traces))
        return [span for span in found if trace_id is None or span["trace_id"] == trace_id]

    def log(self) -> list[dict[str, Any]]:
        """Log lines so far."""
        return list(_json_lines(self.layout.log))

    def files_with(self, needles: dict[str, bytes], folder: Path | None = None) -> list[str]:
        """ "<name of the needle> in <file>" for every file below `folder` (the data directory) that holds one."""
        found = []
        for path in sorted((folder or self.layout.data).rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                found += [f"{name} in {path.relative_to(self.layout.data)}" for name, n in needles.items() if n in data]
        return found


def all_topics() -> list[str]:
    """Every topic with its dead-letter topics."""
    letters = [
        registry.dead_letter_topic(topic.name, service)
        for topic in registry.TOPICS.values()
        if topic.dead_letters
        for service in topic.consumers
    ]
    return [*registry.TOPICS, *letters]


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file that is still written to: an unfinished last line is passed over."""
    if path.exists():
        for text in path.read_text().splitlines(keepends=True):
            if text.endswith("\n"):
                yield json.loads(text)
