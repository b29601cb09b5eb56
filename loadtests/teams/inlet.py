"""How a team reads: the port, and kafka-python as another team would use it. `MemoryBroker.consumer` is its twin."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from semblance.eventbus.errors import BrokerUnavailable
from semblance.eventbus.record import Record

with warnings.catch_warnings():
    # It reads its own schemas by importlib.resources.read_text, which Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaConsumer
    from kafka.errors import CommitFailedError, KafkaError, RebalanceInProgressError


_SESSION_MS = 10_000


class Inlet(Protocol):
    """One member of a team's group. One thread only."""

    def poll(self, timeout_s: float, max_records: int = 100) -> list[Record]:
        """Records in order per partition, or nothing after `timeout_s`. Raises BrokerUnavailable."""

    def commit(self, records: Sequence[Record]) -> None:
        """All that was polled is done; what a rebalance takes away comes again. Raises BrokerUnavailable."""

    def close(self) -> None:
        """Leave the group."""


Door = Callable[[str, Sequence[str]], Inlet]
"""(group, topics) to a new member of the group; a group that never committed starts at the beginning."""


class KafkaInlet:
    """`options`: kafka-python's address and credentials. Everything else is its default but for what an at-least-once
    reader sets: it begins at the beginning, and commits itself, after its work. And the session: the local broker lets
    the first member of a group wait for half of it, 23 s of kafka-python's 45."""

    def __init__(self, options: Mapping[str, Any], group: str, topics: Sequence[str]) -> None:
        with _wrapped():
            self._client = KafkaConsumer(
                *topics,
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                session_timeout_ms=_SESSION_MS,
                **options,
            )

    def poll(self, timeout_s: float, max_records: int = 100) -> list[Record]:
        """See Inlet."""
        with _wrapped():
            batches = self._client.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        return [_record(found) for batch in batches.values() for found in batch]

    def commit(self, records: Sequence[Record]) -> None:  # noqa: ARG002 - the client knows what it polled
        """See Inlet."""
        with _wrapped(), contextlib.suppress(CommitFailedError, RebalanceInProgressError):
            self._client.commit()

    def close(self) -> None:
        """See Inlet."""
        with _wrapped():
            self._client.close(autocommit=False)


def _record(found: Any) -> Record:
    key = None if found.key is None else found.key.decode(errors="replace")
    headers = tuple((name, value or b"") for name, value in found.headers)
    return Record(found.topic, key, found.value, headers, found.partition, found.offset)


@contextlib.contextmanager
def _wrapped() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"a team's client: {type(error).__name__}") from error
