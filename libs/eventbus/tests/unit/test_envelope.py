from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import MAX_EVENT_BYTES, MalformedEvent, Record, RecordTooLarge, from_record, to_record
from semblance.kernel.ids import new_id

TIME = dt.datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _message() -> events_pb2.ConsentRevoked:
    return events_pb2.ConsentRevoked(subject_id=new_id(), consent_id=new_id(), consent_revision=2, reason="withdrawn")


def _record(**changes: object) -> Record:
    record = to_record(_message(), source="identity", event_id=new_id(), time=TIME, traceparent=TRACE)
    return dataclasses.replace(record, **changes)  # type: ignore[arg-type]


def _with_header(record: Record, name: str, value: bytes | None) -> Record:
    kept = tuple(h for h in record.headers if h[0] != name)
    return dataclasses.replace(record, headers=kept if value is None else (*kept, (name, value)))


def test_an_event_comes_back_as_it_went() -> None:
    message, event_id = _message(), new_id()

    envelope = from_record(to_record(message, source="identity", event_id=event_id, time=TIME, traceparent=TRACE))

    assert envelope.message == message
    assert (envelope.event_id, envelope.source, envelope.time) == (event_id, "identity", TIME)
    assert envelope.type == "semblance.contracts.identity.v1.ConsentRevoked"
    assert envelope.traceparent == TRACE


def test_the_record_is_a_cloud_event_in_binary_mode() -> None:
    record = _record()

    assert {name: value.decode() for name, value in record.headers if name != "ce_id"} == {
        "ce_specversion": "1.0",
        "ce_source": "identity",
        "ce_type": "semblance.contracts.identity.v1.ConsentRevoked",
        "ce_time": "2030-01-02T03:04:05.000678Z",
        "ce_dataschema": "semblance/contracts/identity/v1/events.proto",
        "content-type": "application/protobuf",
        "traceparent": TRACE,
    }
    assert record.topic == "identity.consent.v1"
    assert (
        record.key == registry.message_class(record.header("ce_type") or "").FromString(record.value or b"").consent_id
    )


def test_no_trace_means_no_traceparent_header() -> None:
    record = to_record(_message(), source="identity", event_id=new_id(), time=TIME)
    assert record.header("traceparent") is None
    assert from_record(record).traceparent is None


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("no-envelope", lambda r: _with_header(r, "ce_id", None)),
        ("no-envelope", lambda r: _with_header(r, "ce_type", b"\xff\xfe")),
        ("no-envelope", lambda r: _with_header(r, "ce_specversion", b"0.3")),
        ("no-envelope", lambda r: dataclasses.replace(r, value=None)),
        ("no-envelope", lambda r: dataclasses.replace(r, headers=())),
        ("unsupported-content-type", lambda r: _with_header(r, "content-type", b"application/json")),
        ("bad-time", lambda r: _with_header(r, "ce_time", b"yesterday")),
        ("bad-time", lambda r: _with_header(r, "ce_time", b"2030-01-02T03:04:05")),
        ("unknown-type", lambda r: _with_header(r, "ce_type", b"semblance.contracts.identity.v1.Nothing")),
        ("unknown-type", lambda r: _with_header(r, "ce_type", b"semblance.contracts.identity.v1.ConsentState")),
        ("unknown-version", lambda r: _with_header(r, "ce_type", b"semblance.contracts.identity.v9.ConsentRevoked")),
        ("wrong-topic", lambda r: dataclasses.replace(r, topic="ingest.photo.v1")),
        ("wrong-key", lambda r: dataclasses.replace(r, key=new_id())),
        ("unparsable", lambda r: dataclasses.replace(r, value=b"\x0a\xffshort")),
        ("no-subject", lambda r: dataclasses.replace(r, value=b"")),
        ("too-large", lambda r: dataclasses.replace(r, value=b"x" * (MAX_EVENT_BYTES + 1))),
    ],
)
def test_what_is_no_event_says_why(code: str, spoil: Callable[[Record], Record]) -> None:
    with pytest.raises(MalformedEvent) as refused:
        from_record(spoil(_record()))
    assert refused.value.code == code


def test_a_new_field_from_a_newer_producer_is_read_over() -> None:
    record = _record()
    newer = dataclasses.replace(record, value=(record.value or b"") + b"\xf2\x07\x03new")
    assert from_record(newer).message.reason == "withdrawn"  # type: ignore[attr-defined]


def test_an_event_over_the_limit_is_refused_where_it_is_made() -> None:
    message = _message()
    message.reason = "x" * (MAX_EVENT_BYTES + 1)
    with pytest.raises(RecordTooLarge):
        to_record(message, source="identity", event_id=new_id(), time=TIME)
