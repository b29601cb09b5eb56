"""CloudEvents 1.0 in Kafka binary mode: attributes are headers, the value is the protobuf.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message

from semblance.contracts import registry
from semblance.eventbus.errors import MalformedEvent, RecordTooLarge
from semblance.eventbus.record import MAX_EVENT_BYTES, Record

CONTENT_TYPE = "application/protobuf"
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")


@dataclass(frozen=True)
class Envelope:
    """An event as it was read: its identity and its message."""

    event_id: str
    type: str
    source: str
    time: dt.datetime
    traceparent: str | None
    message: Message


def to_record(
    message: Message, *, source: str, event_id: str, time: dt.datetime, traceparent: str | None = None
) -> Record:
    """The record of an event; topic and key follow from the registry. Raises RecordTooLarge, UnknownMessage."""
    value = message.SerializeToString(deterministic=True)
    if len(value) > MAX_EVENT_BYTES:
        raise RecordTooLarge(f"an event may hold {MAX_EVENT_BYTES} bytes; this one has {len(value)}")
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": registry.ce_type_of(message),
        "ce_time": time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "ce_dataschema": message.DESCRIPTOR.file.name,
        "content-type": CONTENT_TYPE,
    }
    if traceparent:
        attributes["traceparent"] = traceparent
    headers = tuple((name, text.encode()) for name, text in attributes.items())
    return Record(registry.topic_of(message).name, registry.key_of(message), value, headers)


def from_record(record: Record) -> Envelope:
    """The event in a record.

    Raises MalformedEvent; its code is one of "too-large", "no-envelope", "unsupported-content-type", "bad-time",
    "unknown-type", "unknown-version", "wrong-topic", "unparsable", "no-subject", "wrong-key".
    """
    if record.size_bytes() > MAX_EVENT_BYTES:
        raise _malformed(record, "too-large")
    attributes = {name: record.header(name) for name in _REQUIRED}
    if record.value is None or not all(attributes.values()) or attributes["ce_specversion"] != "1.0":
        raise _malformed(record, "no-envelope")
    if record.header("content-type") != CONTENT_TYPE:
        raise _malformed(record, "unsupported-content-type")
    message = _message(record, str(attributes["ce_type"]), record.value)
    return Envelope(
        event_id=str(attributes["ce_id"]),
        type=str(attributes["ce_type"]),
        source=str(attributes["ce_source"]),
        time=_time(record, str(attributes["ce_time"])),
        traceparent=record.header("traceparent"),
        message=message,
    )


def _message(record: Record, ce_type: str, value: bytes) -> Message:
    try:
        cls = registry.message_class(ce_type)
    except registry.UnknownMessage as error:
        raise _malformed(record, "unknown-version" if error.other_versions else "unknown-type") from error
    if registry.topic_of(cls).name != record.topic:
        raise _malformed(record, "wrong-topic")
    try:
        message = cls.FromString(value)
    except DecodeError as error:
        raise _malformed(record, "unparsable") from error
    if not getattr(message, "subject_id", ""):
        raise _malformed(record, "no-subject")
    if registry.key_of(message) != record.key:
        raise _malformed(record, "wrong-key")
    return message


def _time(record: Record, text: str) -> dt.datetime:
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise _malformed(record, "bad-time") from error
    if time.tzinfo is None:
        raise _malformed(record, "bad-time")
    return time


def _malformed(record: Record, code: str) -> MalformedEvent:
    where = f"{record.topic}[{record.partition}]@{record.offset}"
    return MalformedEvent(f"the record at {where} is not an event that this build reads: {code}", code=code)
