"""provenance: what a picture is, take-downs, and the audit log."""

from __future__ import annotations

from typing import Protocol

from semblance.gateway.domain.provenance import (
    BindingAlgorithms,
    ManifestMatch,
    TakedownNotice,
    TakedownReceipt,
    TakedownStatement,
    Verification,
)
from semblance.gateway.domain.things import (
    AuditEntry,
    AuditHead,
    Content,
    Manifest,
    Page,
)


class Provenance(Protocol):
    def content(self, subject_id: str, image_id: str) -> Content: ...

    def manifest(self, subject_id: str, image_id: str) -> Manifest: ...

    def verify(self, content_type: str, data: bytes) -> Verification: ...


class Resolution(Protocol):
    """The manifest repository, for anybody."""

    def by_binding(self, algorithm: str, value: bytes, limit: int) -> tuple[ManifestMatch, ...]:
        """Best first. Raises Invalid for an algorithm that is not known there."""

    def by_content(self, content_type: str, data: bytes, *, algorithm: str, limit: int) -> tuple[ManifestMatch, ...]:
        """Best first, by one algorithm, or with "" by all. Raises Invalid."""

    def store(self, manifest_id: str) -> bytes:
        """JUMBF as it was signed. Raises NotFound."""

    def algorithms(self) -> BindingAlgorithms: ...


class Takedowns(Protocol):
    """Take-down notices, from anybody."""

    def statement(self) -> TakedownStatement: ...

    def submit(self, reference: str, notice: TakedownNotice) -> TakedownReceipt:
        """Raises Invalid, QuotaExceeded. The same reference again changes nothing."""

    def receipt(self, reference: str) -> TakedownReceipt:
        """Raises NotFound."""


class Audit(Protocol):
    """Everybody's audit log."""

    def entries(self, subject_id: str, *, after: int, limit: int, oldest_first: bool) -> Page[AuditEntry]:
        """Beyond the number `after` in that order; 0 begins at the end asked for."""

    def head(self, subject_id: str) -> AuditHead: ...

    def keys(self) -> str:
        """A JSON Web Key Set."""
