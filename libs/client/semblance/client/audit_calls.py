"""Reading one's own audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semblance.client.audit import AuditLog
from semblance.client.calls import Calls
from semblance.client.models import Account, AuditEntry, AuditHead, Page


class AuditCalls(Calls):
    """The part of Client that asks for the log."""

    def audit(self, *, oldest_first: bool = False) -> Iterator[AuditEntry]:
        """What happened to the account's person; newest first unless told. audit_words.sentence() puts it in words."""
        after: str | None = None
        while True:
            order = "oldest" if oldest_first else "newest"
            response = self._transport.get("/v1/audit", after=after, limit=100, order=order)
            page = Page[AuditEntry].model_validate_json(response.content)
            yield from page.items
            after = page.next_after
            if after is None:
                return

    def audit_head(self) -> AuditHead:
        """Where the log ends, signed now. Keep it: a log that is cut or rewritten later no longer fits."""
        return self._get(AuditHead, "/v1/audit/head")

    def audit_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set that heads are signed with; needs no account."""
        keys: dict[str, Any] = self._transport.get("/.well-known/audit-keys.json").json()
        return keys

    def audit_log(self) -> AuditLog:
        """The whole log up to a head signed now, as one thing that can be kept and checked offline."""
        subject_id = self._get(Account, "/v1/me").subject_id
        head = self.audit_head()
        entries = []
        if head.count:
            for entry in self.audit(oldest_first=True):
                entries.append(entry)
                if entry.sequence >= head.count:  # later ones are not covered by this head
                    break
        return AuditLog(subject_id=subject_id, head=head.jws, keys=self.audit_keys(), entries=tuple(entries))
