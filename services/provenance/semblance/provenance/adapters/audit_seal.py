"""What only this service can say of a log: signed heads, sealed rows, fingerprints of erased people."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from semblance.kernel.audit import FORMAT, Head
from semblance.kernel.ids import SubjectId
from semblance.service_kit.signing_key import FileSigningKey

TYPE: Final = "semblance-audit-head+jwt"
_SALT_BYTES = 16


class FileAuditSeal:
    """See ports.AuditSeal. The key is read, or made, when it is first needed."""

    def __init__(self, key_file: Path, issuer: str) -> None:
        self._key_file = key_file
        self._issuer = issuer

    @functools.cached_property
    def _key(self) -> FileSigningKey:
        return FileSigningKey(self._key_file, token_type=TYPE)

    def seal(self, subject_id: SubjectId, head: Head) -> str:
        """A keyed digest over whose log it is and where it ends."""
        return self._key.digest("audit head v1", f"{subject_id}:{head.count}:{head.hash}")

    def holds(self, subject_id: SubjectId, head: Head, seal: str) -> bool:
        """Whether `seal` is that of this head."""
        return hmac.compare_digest(self.seal(subject_id, head), seal)

    def fingerprint(self, subject_id: SubjectId) -> str:
        """A keyed digest of the id: tells nothing without the key."""
        return self._key.digest("audit fingerprint v1", subject_id)

    def sign(self, subject_id: SubjectId, head: Head, now: dt.datetime) -> str:
        """The checkpoint. A new salt each time, so that two of them cannot be told to be about one person."""
        salt = os.urandom(_SALT_BYTES).hex()
        return self._key.sign(
            {
                "iss": self._issuer,
                "iat": int(now.timestamp()),
                "format": FORMAT,
                "count": head.count,
                "hash": head.hash,
                "subject_salt": salt,
                "subject_sha256": hashlib.sha256(f"{salt}:{subject_id}".encode()).hexdigest(),
            }
        )

    def jwks_json(self) -> str:
        """The public key."""
        return self._key.jwks_json()
