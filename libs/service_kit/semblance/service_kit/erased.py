"""A service's answer to an erasure: how many things it destroyed, and a digest of each one's identifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import Message

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.kernel import merkle
from semblance.kernel.destroyed import Destroyed, item_digest

ITEMS_MAX: Final = 10_000
"""Some 660 KB of digests: an answer stays below the 1 MB that a Kafka broker takes by default."""


def service_erased(service: str, subject_id: str, erasure_id: str, destroyed: Iterable[Destroyed]) -> Message:
    """The answer of `service`; sent also when it held nothing. What is told twice of one store is joined."""
    by_store: dict[str, dict[str, None]] = {}
    for each in destroyed:
        by_store.setdefault(each.store, {}).update(dict.fromkeys(each.ids))
    return platform_pb.ServiceErased(
        subject_id=subject_id,
        erasure_id=erasure_id,
        service=service,
        stores=[store_count(store, len(ids), map(item_digest, ids)) for store, ids in by_store.items()],
    )


def dropped_work(payload: Mapping[str, object]) -> Destroyed:
    """The queued work that was dropped when the erasure was asked for, as its work item remembers it."""
    dropped = payload.get("dropped")
    return Destroyed.of("queue:work", dropped if isinstance(dropped, list) else ())


def store_count(store: str, count: int, digests: Iterable[str]) -> platform_pb.StoreCount:
    """One store's share, its digests in order."""
    return platform_pb.StoreCount(store=store, count=count, items=sorted(digests))


def shorten(answer: platform_pb.ServiceErased, items_max: int) -> None:
    """Tell the longest lists by their Merkle root (RFC 9162) until at most `items_max` digests are left. In place."""
    left = sum(len(store.items) for store in answer.stores)
    for store in sorted(answer.stores, key=lambda s: len(s.items), reverse=True):
        if left <= items_max:
            return
        left -= len(store.items)
        store.items_root = items_root(store.items)
        del store.items[:]


def items_root(digests: Iterable[str]) -> str:
    """Hex root over the digests, sorted, each as its 64 ASCII characters."""
    return merkle.root([digest.encode() for digest in sorted(digests)]).hex()
