"""Forgetting a person: who must answer, what they destroyed, and what the receipt says."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from semblance.kernel import erasure_list, merkle
from semblance.kernel.destroyed import salted_item
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ErasureId, SubjectId

SERVICES = ("gateway", "generation", "identity", "ingest", "provenance", "safety", "training")
"""Every service that may hold something of a person; an erasure is complete when all have answered."""
RECEIPT_VERSION = 2
STORE_NAME_MAX = 80
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Erasure:
    """One person's erasure. `subject_id` is None once completed: the id itself is forgotten too. `items_salt` is empty
    once the list is no longer kept."""

    id: ErasureId
    subject_id: SubjectId | None
    subject_fingerprint: str
    requested_at: dt.datetime
    items_salt: str = ""
    key_id: str | None = None
    key_destroyed_at: dt.datetime | None = None
    announced_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    receipt_jws: str | None = None
    stores: tuple[ErasedStore, ...] = ()
    answered: frozenset[str] = field(default_factory=frozenset)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Services that have not answered, sorted."""
        return () if self.completed_at else tuple(s for s in SERVICES if s not in self.answered)


def check_answer(stores: Sequence[ErasedStore]) -> None:
    """What a receipt will say must be counts and digests, whoever sent it. Raises Invalid."""
    for store in stores:
        hashes = [*store.items, *([store.items_root] if store.items_root else [])]
        named = 1 <= len(store.store) <= STORE_NAME_MAX and store.store.isprintable()
        if not named or store.count < len(store.items) or not all(_SHA256.fullmatch(text) for text in hashes):
            raise Invalid("an answer to an erasure holds something else than counts and digests", code="strange-answer")


def salted(store: ErasedStore, salt: str) -> ErasedStore:
    """As the receipt names things: digests that nobody can compare with another erasure's, or without the salt."""
    return replace(store, items=tuple(sorted(salted_item(salt, digest) for digest in store.items)))


def merged(known: ErasedStore | None, news: ErasedStore) -> ErasedStore:
    """Two answers about one store. What was once told as destroyed was, so lists are united and a count never falls; an
    answer that is repeated, or that finds nothing the second time, changes nothing, not even the time."""
    if known is None:
        return news
    if known.items_root or news.items_root:  # one cannot be united with a list: the fuller answer stands
        return news if news.count > known.count else known
    items = tuple(sorted({*known.items, *news.items}))
    count = max(known.count, news.count, len(items))
    if (items, count) == (known.items, known.count):
        return known
    return replace(news, items=items, count=count)


def bounded(stores: Sequence[ErasedStore], items_max: int) -> tuple[ErasedStore, ...]:
    """The longest lists told by their root until at most `items_max` things are left to list."""
    left = sum(len(store.items) for store in stores)
    shortened = {}
    for store in sorted(stores, key=lambda s: len(s.items), reverse=True):
        if left <= items_max:
            break
        left -= len(store.items)
        root = merkle.root([item.encode() for item in store.items]).hex()
        shortened[store.service, store.store] = replace(store, items=(), items_root=root)
    return tuple(shortened.get((store.service, store.store), store) for store in stores)


def receipt_claims(erasure: Erasure, *, issuer: str, salt: str, completed_at: dt.datetime) -> Mapping[str, object]:
    """What is signed. Whoever knows the subject id can check it against the salted hash; nobody can read it back."""
    assert erasure.subject_id is not None  # the last moment at which it is known
    leaves = erasure_list.leaves(erasure.stores)
    return {
        "iss": issuer,
        "iat": int(completed_at.timestamp()),
        "version": RECEIPT_VERSION,
        "erasure_id": erasure.id,
        "subject_sha256": salted_sha256(salt, erasure.subject_id),
        "subject_salt": salt,
        "requested_at": erasure.requested_at.isoformat(),
        "key_id": erasure.key_id,
        "key_destroyed_at": erasure.key_destroyed_at.isoformat() if erasure.key_destroyed_at else None,
        "completed_at": completed_at.isoformat(),
        "stores": [
            {"service": s.service, "store": s.store, "count": s.count, "destroyed_at": s.destroyed_at}
            for s in sorted(erasure.stores, key=lambda s: (s.service, s.store))
        ],
        "tree": {"hash": "sha256", "size": len(leaves), "root": merkle.root(leaves).hex()},
    }


def salted_sha256(salt: str, subject_id: str) -> str:
    """Hex SHA-256 of the salt, a colon and the subject id."""
    return hashlib.sha256(f"{salt}:{subject_id}".encode()).hexdigest()
