"""The free texts of sharing: sealed under the key of whoever wrote them, opened for the two who may read them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from semblance.identity.domain.errors import SubjectErased
from semblance.identity.domain.sharing import SharingRules, parse_words
from semblance.identity.ports import Ports
from semblance.kernel.errors import Gone
from semblance.kernel.ids import SubjectId

_PURPOSE: Final = "grant-purpose"
_TERMS: Final = "grant-terms"
_LIMITS: Final = "sharing-limits"


@dataclass(frozen=True)
class Terms:
    """What the person says of a grant. `denied_uses` are held against the use that each request declares."""

    limits: tuple[str, ...] = field(default=(), repr=False)
    denied_styles: tuple[str, ...] = field(default=(), repr=False)
    denied_uses: tuple[str, ...] = field(default=(), repr=False)


def check_terms(terms: Terms, rules: SharingRules) -> Terms:
    """Trimmed. Raises InvalidGrant."""
    return Terms(
        parse_words(terms.limits, rules, "limits"),
        parse_words(terms.denied_styles, rules, "denied styles"),
        parse_words(terms.denied_uses, rules, "denied uses"),
    )


def require_key(subject_id: SubjectId, ports: Ports) -> None:
    """Make sure that the writer's texts can be sealed. Raises SubjectErased."""
    try:
        ports.keys.create(subject_id)
    except Gone as e:
        raise SubjectErased from e


def seal_terms(subject_id: SubjectId, terms: Terms, ports: Ports) -> bytes:
    """Under the person's key."""
    texts = [terms.limits, terms.denied_styles, terms.denied_uses]
    return ports.seals.seal(subject_id, _TERMS, json.dumps(texts, ensure_ascii=False).encode())


def open_terms(subject_id: SubjectId, sealed: bytes, ports: Ports) -> Terms:
    """Raises Gone once the person is erased: without the limits nothing may be made."""
    if not sealed:
        return Terms()
    limits, styles, uses = json.loads(ports.seals.open(subject_id, _TERMS, sealed))
    return Terms(tuple(limits), tuple(styles), tuple(uses))


def seal_limits(subject_id: SubjectId, limits: tuple[str, ...], ports: Ports) -> bytes:
    """Under the person's key; nothing where there is none."""
    return ports.seals.seal(subject_id, _LIMITS, json.dumps(limits, ensure_ascii=False).encode()) if limits else b""


def open_limits(subject_id: SubjectId, sealed: bytes, ports: Ports) -> tuple[str, ...]:
    """Raises Gone once the person is erased."""
    return tuple(json.loads(ports.seals.open(subject_id, _LIMITS, sealed))) if sealed else ()


def seal_purpose(grantee_id: SubjectId, purpose: str, ports: Ports) -> bytes:
    """Under the asker's key."""
    return ports.seals.seal(grantee_id, _PURPOSE, purpose.encode())


def open_purpose(grantee_id: SubjectId, sealed: bytes, ports: Ports) -> str:
    """Empty once the asker is erased."""
    try:
        return ports.seals.open(grantee_id, _PURPOSE, sealed).decode() if sealed else ""
    except Gone:
        return ""
