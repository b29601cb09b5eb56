"""The list beside an erasure receipt: its leaves, in the order of the signed Merkle tree. Who signs the root and who
checks it do so in one way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ErasedStore:
    """One store's share. `items` are `salted_item`s; `items_root` stands for a list that was too long to keep;
    `destroyed_at` is ISO 8601, kept as text since it is hashed as text."""

    service: str
    store: str
    count: int
    destroyed_at: str = ""
    items: tuple[str, ...] = ()
    items_root: str = ""


def leaves(stores: Iterable[ErasedStore]) -> list[bytes]:
    """By service and store, within a store by digest. A store in which nothing was destroyed has none."""
    return [
        leaf for each in sorted(stores, key=lambda s: (s.service, s.store)) if each.count for leaf in _of_store(each)
    ]


def item_leaf(store: ErasedStore, salted: str) -> bytes:
    """The leaf of one destroyed thing."""
    return _encoded([store.service, store.store, store.destroyed_at, "item", salted])


def _of_store(store: ErasedStore) -> Sequence[bytes]:
    if store.items:
        return [item_leaf(store, salted) for salted in sorted(store.items)]
    how = ["root", store.items_root, store.count] if store.items_root else ["count", store.count]
    return [_encoded([store.service, store.store, store.destroyed_at, *how])]


def _encoded(parts: Sequence[object]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()
