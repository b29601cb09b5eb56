"""What happened to a person here, for that person."""

from __future__ import annotations

from semblance.gateway.domain.things import AuditEntry, Page
from semblance.gateway.handlers.gate import Gate
from semblance.kernel.errors import Invalid

_DIGITS_MAX = 10


def list_audit(gate: Gate, subject_id: str, *, after: str | None, limit: int, oldest_first: bool) -> Page[AuditEntry]:
    """A page of the log. Raises Invalid for a cursor that is not this list's."""
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= _DIGITS_MAX):
        raise Invalid("that cursor is not this list's", remedy="Start from the first page.", code="malformed-cursor")
    return gate.audit.entries(subject_id, after=int(after or 0), limit=limit, oldest_first=oldest_first)
