"""An audit log in memory, with a real chain and real signatures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from semblance.gateway.domain.things import AuditEntry, AuditHead, Page
from semblance.kernel.audit import FORMAT, Entry, Fact, Happened, Head, chained
from semblance.kernel.clock import Clock
from semblance.kernel.ids import new_id


@dataclass
class FakeAudit:
    """What `tell` adds is there at once."""

    clock: Clock
    logs: dict[str, list[Entry]] = field(default_factory=dict)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def tell(self, subject_id: str, event_type: str, **facts: Fact) -> None:
        """As if the event had come."""
        log = self.logs.setdefault(subject_id, [])
        head = log[-1].head if log else Head()
        log.append(chained(head, Happened(subject_id, new_id(), event_type, self.clock.now(), facts)))

    def entries(self, subject_id: str, *, after: int, limit: int, oldest_first: bool) -> Page[AuditEntry]:
        log = self.logs.get(subject_id, [])
        rest = [e for e in log if e.sequence > after] if oldest_first else [
            e for e in reversed(log) if not after or e.sequence < after
        ]  # fmt: skip
        kept = tuple(_as_told(entry) for entry in rest[:limit])
        return Page(kept, str(kept[-1].sequence) if len(rest) > limit else None)

    def head(self, subject_id: str) -> AuditHead:
        log = self.logs.get(subject_id, [])
        head = log[-1].head if log else Head()
        claims = {
            "iss": "test",
            "iat": int(self.clock.now().timestamp()),
            "format": FORMAT,
            "count": head.count,
            "hash": head.hash,
            "subject_salt": "salt",
            "subject_sha256": hashlib.sha256(f"salt:{subject_id}".encode()).hexdigest(),
        }
        header = {"kid": "1", "typ": "semblance-audit-head+jwt"}
        return AuditHead(head.count, head.hash, jwt.encode(claims, self.key, algorithm="EdDSA", headers=header))

    def keys(self) -> str:
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [{**public, "kid": "1"}]})


def _as_told(entry: Entry) -> AuditEntry:
    happened = entry.happened
    return AuditEntry(
        entry.sequence, happened.event_id, happened.event_type, happened.at, happened.facts, entry.previous, entry.hash
    )
