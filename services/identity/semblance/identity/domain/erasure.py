"""Forgetting a person: who must answer, and what the receipt says."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from semblance.kernel.ids import ErasureId, SubjectId

SERVICES = ("gateway", "generation", "identity", "ingest", "provenance", "safety", "training")
"""Every service that may hold something of a person; an erasure is complete when all have answered."""


@dataclass(frozen=True)
class StoreCount:
    """How many things of one kind a service destroyed."""

    service: str
    store: str
    count: int


@dataclass(frozen=True)
class Erasure:
    """One person's erasure. `subject_id` is None once completed: the id itself is forgotten too."""

    id: ErasureId
    subject_id: SubjectId | None
    subject_fingerprint: str
    requested_at: dt.datetime
    key_id: str | None = None
    key_destroyed_at: dt.datetime | None = None
    announced_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    receipt_jws: str | None = None
    stores: tuple[StoreCount, ...] = ()
    answered: frozenset[str] = field(default_factory=frozenset)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Services that have not answered, sorted."""
        return () if self.completed_at else tuple(s for s in SERVICES if s not in self.answered)


def receipt_claims(erasure: Erasure, *, issuer: str, salt: str, completed_at: dt.datetime) -> Mapping[str, object]:
    """What is signed. Whoever knows the subject id can check it against the salted hash; nobody can read it back."""
    assert erasure.subject_id is not None  # the last moment at which it is known
    return {
        "iss": issuer,
        "iat": int(completed_at.timestamp()),
        "erasure_id": erasure.id,
        "subject_sha256": salted_sha256(salt, erasure.subject_id),
        "subject_salt": salt,
        "requested_at": erasure.requested_at.isoformat(),
        "key_id": erasure.key_id,
        "key_destroyed_at": erasure.key_destroyed_at.isoformat() if erasure.key_destroyed_at else None,
        "completed_at": completed_at.isoformat(),
        "stores": [
            {"service": s.service, "store": s.store, "count": s.count}
            for s in sorted(erasure.stores, key=lambda s: (s.service, s.store))
        ],
    }


def salted_sha256(salt: str, subject_id: str) -> str:
    """Hex SHA-256 of the salt, a colon and the subject id."""
    return hashlib.sha256(f"{salt}:{subject_id}".encode()).hexdigest()
