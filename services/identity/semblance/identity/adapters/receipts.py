"""Receipts as compact JWS (RFC 7515) with Ed25519 (RFC 8037)."""

from __future__ import annotations

from pathlib import Path

from semblance.service_kit.signing_key import FileSigningKey

_TYPE = "semblance-erasure-receipt+jwt"
_FINGERPRINT = "subject fingerprint v1"


class FileReceipts(FileSigningKey):
    """Signs with a key in a file, made at the first start with mode 600."""

    def __init__(self, key_file: Path) -> None:
        """Raises SigningKeyUnavailable."""
        super().__init__(key_file, token_type=_TYPE)

    def fingerprint(self, subject_id: str) -> str:
        """HMAC-SHA-256 of the id under a key derived from the signing key."""
        return self.digest(_FINGERPRINT, subject_id)
