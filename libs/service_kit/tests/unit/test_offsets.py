"""How far a consumer has come is told now and then, all of it, and at once where it matters."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.eventbus.record import Record
from semblance.service_kit.offsets import EVERY_S, Offsets


class Told:
    """A member of a group that writes down what it is told."""

    def __init__(self) -> None:
        self.commits: list[list[tuple[int, int]]] = []

    def commit(self, records: Sequence[Record]) -> None:
        self.commits.append(sorted((record.partition, record.offset) for record in records))


def record(partition: int, offset: int) -> Record:
    return Record("topic", "key", b"", (), partition, offset)


def test_the_newest_of_each_partition_is_told_once_a_while() -> None:
    told, now = Told(), [100.0]
    offsets = Offsets(told, now_s=lambda: now[0])  # type: ignore[arg-type]
    offsets.tell(at_once=True)
    offsets.done([record(0, 1), record(1, 7), record(0, 2)])
    offsets.tell()
    now[0] += EVERY_S - 0.01
    offsets.done([record(0, 3)])
    offsets.tell()
    assert told.commits == []
    now[0] += 0.02
    offsets.tell()
    offsets.tell()
    assert told.commits == [[(0, 3), (1, 7)]]
    offsets.done([record(0, 4)])
    offsets.tell()
    offsets.tell(at_once=True)
    assert told.commits[1:] == [[(0, 4)]]


def test_dead_letters_are_told_at_once_and_a_lost_broker_nothing() -> None:
    told = Told()
    offsets = Offsets(told, now_s=lambda: 0.0)  # type: ignore[arg-type]
    offsets.hurry()
    offsets.done([record(0, 1)])
    offsets.tell()
    assert told.commits == [[(0, 1)]]
    offsets.done([record(0, 2)])
    offsets.tell()
    offsets.drop()
    offsets.tell(at_once=True)
    assert told.commits == [[(0, 1)]]
