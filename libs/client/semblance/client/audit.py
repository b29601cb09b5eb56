"""Checking an audit log without asking the platform that wrote it: the chain, its signed head, an older head."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from semblance.client.models import AuditEntry
from semblance.kernel.audit import FORMAT, Entry, Happened, Head, check_chain
from semblance.kernel.errors import Invalid

TYPE: Final = "semblance-audit-head+jwt"
HEAD_BYTES_MAX: Final = 16 * 1024


class AuditInvalid(Invalid):
    """The file is not the log that it says it is."""

    code = "audit-invalid"


class AuditLog(BaseModel):
    """A log as it is kept: entries from the first to the one that `head` (a compact JWS) names."""

    model_config = ConfigDict(frozen=True)

    format: Literal["semblance-audit-v1"] = FORMAT
    subject_id: str = Field(max_length=100)
    head: str = Field(max_length=HEAD_BYTES_MAX)
    keys: dict[str, Any]
    entries: tuple[AuditEntry, ...] = Field(max_length=1_000_000)


class SignedHead(BaseModel):
    """What the platform signed."""

    model_config = ConfigDict(frozen=True)

    iss: str
    iat: int
    format: Literal["semblance-audit-v1"]
    count: int = Field(ge=0)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    subject_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    subject_salt: str

    def names(self, subject_id: str) -> bool:
        """Whether it is about this person: their id is in it only as a salted hash."""
        return hashlib.sha256(f"{self.subject_salt}:{subject_id}".encode()).hexdigest() == self.subject_sha256


def check_log(log: AuditLog, keys: Mapping[str, Any] | None = None, older: Iterable[str] = ()) -> SignedHead:
    """Recompute the chain and compare its end with the signed head, and with `older` heads (JWS) kept from before.

    `keys` are those kept from before; without them those in the file are used, which whoever wrote the file chose.
    Raises ChainBroken (which entry), AuditInvalid (the head).
    """
    trusted = keys if keys is not None else log.keys
    head = check_head(log.head, trusted)
    if not head.names(log.subject_id):
        raise AuditInvalid("the head is genuine, but about another account's log")
    entries = list(_links(log))
    found = check_chain(entries, log.subject_id)
    if found != Head(head.count, head.hash):
        raise AuditInvalid(f"the log ends at entry {found.count}, its head at {head.count}: it was cut or replaced")
    for each in older:
        _compare(check_head(each, trusted), log.subject_id, entries)
    return head


def check_head(jws: str, keys: Mapping[str, Any]) -> SignedHead:
    """The head, if one of the `keys` (a JSON Web Key Set, RFC 7517) signed it with Ed25519. Raises AuditInvalid."""
    try:
        header = jwt.get_unverified_header(jws.strip())
        if header.get("typ") != TYPE:
            raise AuditInvalid("this is a signed file, but no head of an audit log")
        key = jwt.PyJWKSet.from_dict(dict(keys))[str(header.get("kid"))]
        options: Any = {"require": ["iss", "iat"], "verify_aud": False}
        return SignedHead.model_validate(jwt.decode(jws.strip(), key, algorithms=["EdDSA"], options=options))
    except KeyError as e:
        raise AuditInvalid("the key that signed this head is not among the keys given") from e
    except ValidationError as e:
        raise AuditInvalid("the head is signed, but lacks what a head must say") from e
    except (jwt.PyJWTError, AttributeError) as e:
        raise AuditInvalid("the head's signature does not hold") from e


def _compare(older: SignedHead, subject_id: str, entries: list[Entry]) -> None:
    if not older.names(subject_id):
        raise AuditInvalid("the older head is genuine, but about another account's log")
    if older.count > len(entries):
        raise AuditInvalid(
            f"the log has {len(entries)} entries, an older head says {older.count}: its end was cut off",
            remedy="Keep both files: together they are the proof.",
        )
    if older.count and entries[older.count - 1].hash != older.hash:
        raise AuditInvalid(
            f"entry {older.count} is not the one that an older head names: the log was rewritten",
            remedy="Keep both files: together they are the proof.",
        )


def _links(log: AuditLog) -> Iterator[Entry]:
    for entry in log.entries:
        facts = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.facts.items()}
        try:
            happened = Happened(log.subject_id, entry.event_id, entry.event_type, entry.at, facts)
        except ValueError as e:
            raise AuditInvalid(f"entry {entry.sequence} holds what no log holds: {e}") from e
        yield Entry(happened, entry.sequence, entry.previous, entry.hash)
