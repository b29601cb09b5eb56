"""Between protobuf and the gateway's values: times, enums, bytes in pieces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.identity.v1 import events_pb2
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.units import KIB
from semblance.service_kit.consent_view import consent_of

PIECE_BYTES = 256 * KIB
SLOW_S = 60.0  # calls that carry photos, captures or pictures
_PURPOSES = {
    Purpose.PHOTOS: events_pb2.PURPOSE_PHOTOS,
    Purpose.TRAIN: events_pb2.PURPOSE_TRAIN,
    Purpose.GENERATE: events_pb2.PURPOSE_GENERATE,
}
_PURPOSE_OF = {number: purpose for purpose, number in _PURPOSES.items()}


def instant(message: Any, field: str) -> dt.datetime | None:
    """A Timestamp field in UTC, or None while unset."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=dt.UTC)


def instant_or_epoch(message: Any, field: str) -> dt.datetime:
    """For fields that the other side always sets."""
    return instant(message, field) or dt.datetime.fromtimestamp(0, dt.UTC)


def word(enum: Any, number: int) -> str:
    """An enum value as the API says it: PHOTO_STATE_ACCEPTED of PhotoState is "accepted"."""
    name: str = enum.Name(number)
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in enum.DESCRIPTOR.name).lstrip("_")
    return name.removeprefix(prefix).lstrip("_").lower()


def purpose_numbers(purposes: Sequence[Purpose]) -> list[events_pb2.Purpose]:
    """For the wire."""
    return [_PURPOSES[purpose] for purpose in purposes]


def purposes_of(numbers: Sequence[events_pb2.Purpose]) -> tuple[Purpose, ...]:
    """From the wire; a purpose of a newer service is left out: it permits nothing here."""
    return tuple(_PURPOSE_OF[number] for number in numbers if number in _PURPOSE_OF)


def consent(message: Any) -> Consent:
    """From identity's Consent."""
    return consent_of(message.state)


def pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that fit one message each."""
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]
