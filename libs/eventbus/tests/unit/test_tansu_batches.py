"""Many record batches as one: every record once, as it was, under the offset that it had."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semblance.eventbus.kafka_broker import RecordBatch, RecordBatchBuilder
from semblance.eventbus.tansu_batches import Batch, base_offset_of, joined, read

Kept = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
_NAME = "clusters/tansu_cluster/topics/identity.consent.v1/partitions/0000000005/records/{:020d}.batch"
_BYTES = st.none() | st.binary(max_size=40)
_HEADERS = st.lists(st.tuples(st.text(max_size=8), _BYTES), max_size=3)
_RECORD = st.tuples(st.integers(0, 2**41), _BYTES, _BYTES, _HEADERS)


def batch(records: Sequence[Kept], *, compression: int = 0, transactional: int = 0) -> bytes:
    """As the broker stores it: offsets from 0 on."""
    builder = RecordBatchBuilder(2, compression, transactional, 7, 0, 0, 1 << 20)
    for offset, time_ms, key, value, headers in records:
        builder.append(offset - records[0][0], time_ms, key, value, headers)
    return bytes(builder.build())


def whole(base_offset: int, data: bytes) -> Batch:
    found = read(base_offset, data)
    assert found is not None
    return found


def kept(base_offset: int, data: bytes) -> list[Kept]:
    return [(base_offset + r.offset, r.timestamp, r.key, r.value, r.headers) for r in RecordBatch(data)]


@given(st.lists(st.lists(_RECORD, min_size=1, max_size=4), min_size=1, max_size=6), st.integers(0, 10**9))
def test_nothing_of_a_record_changes(
    groups: list[list[tuple[int, bytes, bytes, list[tuple[str, bytes]]]]], first: int
) -> None:
    offset, batches = first, []
    wanted: list[Kept] = []
    for group in groups:
        records: list[Kept] = [(offset + n, *record) for n, record in enumerate(group)]
        batches.append(whole(offset, batch(records)))
        wanted += records
        offset += len(group)
    data = joined(batches)
    assert kept(first, data) == wanted
    assert whole(first, data).last_offset == wanted[-1][0]


def test_what_are_no_neighbours_are_not_joined() -> None:
    one, three = (whole(n, batch([(n, 1, b"k", b"v", [])])) for n in (1, 3))
    with pytest.raises(ValueError, match="no neighbours"):
        joined([one, three])


def test_what_is_not_plain_or_not_whole_is_left_alone() -> None:
    records: list[Kept] = [(0, 1, b"k", b"v" * 200, [])]
    good = batch(records)
    assert read(0, batch([*records, (2, 1, b"k", b"v", [])])) is None  # offset 1 is missing
    assert read(0, batch([])) is None
    assert read(0, batch(records, transactional=1)) is None
    assert read(0, batch(records, compression=1)) is None
    assert read(0, good[:-1]) is None
    assert read(0, good[:20]) is None
    assert read(0, b"") is None
    assert read(0, good[:-3] + b"xyz") is None
    assert read(0, good) is not None


def test_a_name_says_where_its_records_stand() -> None:
    assert base_offset_of(_NAME.format(120)) == 120
    assert base_offset_of(_NAME.format(120).replace(".batch", ".json")) is None
    assert (
        base_offset_of("clusters/tansu_cluster/topics/identity.consent.v1/partitions/0000000005/watermark.json") is None
    )
