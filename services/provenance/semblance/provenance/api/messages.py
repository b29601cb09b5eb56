"""What several servicers need: pictures that come in parts, and times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, overload

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.kernel.errors import Invalid
from semblance.provenance.domain.picture import Limits


def received(parts: Iterator[Any], first_part: str, limits: Limits) -> tuple[Any, bytes]:
    """(what the first message holds, the bytes after it) of a stream of messages with the oneof `part`.

    Raises Invalid out of order, PictureTooLarge as soon as it shows.
    """
    first = next(parts, None)
    if first is None or first.WhichOneof("part") != first_part:
        raise Invalid(f"the first message must hold the {first_part}", code=f"{first_part}-missing")
    data = bytearray()
    for part in parts:
        if part.WhichOneof("part") != "data":
            raise Invalid(f"only the first message holds a {first_part}", code=f"{first_part}-repeated")
        data += part.data
        limits.check_bytes(len(data))
    return getattr(first, first_part), bytes(data)


@overload
def timestamp(instant: dt.datetime) -> Timestamp: ...
@overload
def timestamp(instant: None) -> None: ...
def timestamp(instant: dt.datetime | None) -> Timestamp | None:
    """As the contract carries it."""
    if instant is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp
