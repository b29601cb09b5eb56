"""What the local broker keeps in its bucket, one record batch an object, and many of them as one.

The format is Kafka's record batch v2 (https://kafka.apache.org/documentation/#recordbatch) with a base offset of 0; the
real one is the object's name. A fetch begins with the newest object that is not after the wanted offset.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from semblance.eventbus.kafka_broker import RecordBatch, RecordBatchBuilder

_NAME = re.compile(r"clusters/[^/]+/topics/[^/]+/partitions/\d+/records/(?P<offset>\d{20})\.batch")
_MAGIC = 2
_NOBODY = -1  # a producer that is not idempotent; what it was says nothing to who reads


@dataclass(frozen=True)
class Batch:
    """A batch of `size` bytes, whose records have every offset from the first to the last."""

    base_offset: int
    last_offset: int
    size: int
    data: bytes


def base_offset_of(key: str) -> int | None:
    """The offset in an object's key; none if it is not a batch."""
    found = _NAME.fullmatch(key)
    return int(found["offset"]) if found else None


def read(base_offset: int, data: bytes) -> Batch | None:
    """The batch; none for what is to be left alone: of a transaction, compressed, stamped by the broker, empty, with
    offsets missing (the broker goes on by the number of records), or damaged."""
    try:
        found = RecordBatch(data)
        if found.magic != _MAGIC or found.attributes or not found.validate_crc():
            return None
    except (struct.error, IndexError):
        return None
    if not 0 < found.records_count == found.last_offset_delta + 1:
        return None
    return Batch(base_offset, base_offset + found.last_offset_delta, len(data), data)


def joined(batches: Sequence[Batch]) -> bytes:
    """One batch under the first one's offset, of neighbours in order: its records are theirs, with keys, values,
    headers, times and offsets as they were."""
    base_offset = batches[0].base_offset
    room = 2 * sum(batch.size for batch in batches)  # offsets and times may take more bytes than they did
    builder = RecordBatchBuilder(_MAGIC, 0, 0, _NOBODY, _NOBODY, _NOBODY, room)
    delta = 0
    for batch in batches:
        for record in RecordBatch(batch.data):
            if builder.append(delta, record.timestamp, record.key, record.value, record.headers) is None:
                raise ValueError(f"{len(batches)} batches did not go into {room} bytes")
            delta += 1
    if base_offset + delta - 1 != batches[-1].last_offset:
        raise ValueError("the batches were no neighbours")
    return bytes(builder.build())
