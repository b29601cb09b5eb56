"""A record as another team understands it: CloudEvents 1.0 headers, a protobuf value, the aggregate's id as the key.

Shares no code with the platform's own envelope. What it stands on is what teams are given: the generated protobuf
classes, and the table that docs/events is generated from (address, messages and key of each channel).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from semblance.contracts import registry
from semblance.eventbus.record import Record

_HEADERS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type")


class BrokenContract(ValueError):
    """The record is not what the channel's document says."""


@dataclass(frozen=True)
class Event:
    """`name`: the message's, `at`: the producer's time in Unix seconds, `key`: the aggregate's id."""

    event_id: str
    topic: str
    name: str
    source: str
    key: str
    at: float


def read(record: Record) -> Event:
    """Raises BrokenContract."""
    told = {name: value.decode(errors="replace") for name, value in record.headers}
    if missing := [name for name in _HEADERS if not told.get(name)]:
        raise BrokenContract(f"without {', '.join(missing)}")
    if told["ce_specversion"] != "1.0" or told["content-type"] != "application/protobuf":
        raise BrokenContract("neither CloudEvents 1.0 nor protobuf")
    channel = registry.TOPICS.get(record.topic)
    if channel is None or told["ce_type"] not in channel.messages:
        raise BrokenContract(f"{record.topic} has no {told['ce_type']}")
    try:
        message = registry.message_class(told["ce_type"]).FromString(record.value or b"")
    except DecodeError:
        raise BrokenContract("the value is not its message") from None
    if not record.key or getattr(message, channel.key) != record.key:
        raise BrokenContract(f"the key is not its {channel.key}")
    name = told["ce_type"].rpartition(".")[2]
    return Event(told["ce_id"], record.topic, name, told["ce_source"], record.key, _unix(told))


def _unix(told: Mapping[str, str]) -> float:
    try:
        at = dt.datetime.fromisoformat(told["ce_time"])
    except ValueError:
        raise BrokenContract("ce_time is no time") from None
    if at.tzinfo is None:
        raise BrokenContract("ce_time has no zone")
    return at.timestamp()
