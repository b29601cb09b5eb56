"""The consent rule, in one place: the gateway, training, generation and safety all ask it."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked
from semblance.kernel.ids import ConsentId, SubjectId


class Purpose(enum.Enum):
    """What a person can agree to, each on its own (GDPR art. 9: explicit, per purpose)."""

    PHOTOS = "photos"
    TRAIN = "train"
    GENERATE = "generate"


@dataclass(frozen=True)
class Consent:
    """A person's say-so at one revision; a later revision replaces it. Times are timezone-aware UTC."""

    id: ConsentId
    subject_id: SubjectId
    revision: int
    purposes: frozenset[Purpose]
    granted_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None

    def require(self, *, subject_id: str, purpose: Purpose, now: dt.datetime) -> None:
        """Raise unless this consent covers `purpose` for `subject_id` at `now`.

        Raises ConsentMissing (another person's, or a purpose not agreed to), ConsentRevoked, ConsentExpired.
        """
        if self.subject_id != subject_id:
            raise ConsentMissing
        if self.revoked_at is not None:
            raise ConsentRevoked(self.id)
        if now >= self.expires_at:
            raise ConsentExpired(self.id)
        if purpose not in self.purposes:
            raise ConsentMissing(f"consent {self.id} does not cover the purpose {purpose.value!r}")
