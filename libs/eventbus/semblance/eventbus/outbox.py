"""Events leave with the transaction that made them true, or not at all."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from google.protobuf.message import Message

from semblance.eventbus import envelope
from semblance.eventbus.record import Record
from semblance.eventbus.tables import outbox
from semblance.kernel.ids import new_id

# Made once: making a statement anew costs more than the database does.
_ADD = sa.insert(outbox)
_ANY = sa.select(outbox.c.sequence).limit(1)
_FIRST_WRITTEN = sa.select(outbox.c.created_at).order_by(outbox.c.sequence).limit(1)
_OLDEST = sa.select(outbox).order_by(outbox.c.sequence).limit(sa.bindparam("at_most"))


class Outbox:
    """Writes events into the caller's transaction; a Relay sends them after its commit."""

    def __init__(self, source: str) -> None:
        self._source = source

    def add(
        self,
        connection: sa.Connection,
        message: Message,
        *,
        now: dt.datetime | None = None,
        traceparent: str | None = None,
        event_id: str | None = None,
    ) -> str:
        """Queue `message` and return its event id. Raises RecordTooLarge, UnknownMessage."""
        event_id = event_id or new_id()
        now = now or dt.datetime.now(dt.UTC)
        record = envelope.to_record(message, source=self._source, event_id=event_id, time=now, traceparent=traceparent)
        headers = [[name, value.decode()] for name, value in record.headers]
        row = {"topic": record.topic, "key": record.key, "value": record.value, "headers": headers}
        connection.execute(_ADD, {"event_id": event_id, "created_at": now, **row})
        return event_id


def any_waiting(connection: sa.Connection) -> bool:
    """Whether there is something to send."""
    return connection.execute(_ANY).first() is not None


def oldest(connection: sa.Connection) -> dt.datetime | None:
    """When the event was written that is to be sent next; None: there is none."""
    return connection.execute(_FIRST_WRITTEN).scalar_one_or_none()


def waiting(connection: sa.Connection, limit: int) -> list[tuple[int, Record]]:
    """The oldest unsent records with their sequence numbers, in the order they were written."""
    rows = connection.execute(_OLDEST, {"at_most": limit})
    return [(row.sequence, _record(row)) for row in rows]


def _record(row: sa.Row[tuple[object, ...]]) -> Record:
    headers = tuple((name, text.encode()) for name, text in row.headers)
    return Record(row.topic, row.key, row.value, headers)
