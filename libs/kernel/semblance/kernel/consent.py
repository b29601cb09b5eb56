"""The consent rule, in one place: the gateway, training, generation and safety all ask it."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final

from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId


class Purpose(enum.Enum):
    """What a person can agree to, each on its own (GDPR art. 9: explicit, per purpose)."""

    PHOTOS = "photos"
    TRAIN = "train"
    GENERATE = "generate"


ENDED_BY_ERASURE: Final = "erasure"
"""The reason of a withdrawal that an erasure follows: it destroys and counts what the consent covered, so that nothing
is destroyed without being in its receipt. Nothing is made any more from the withdrawal on, whatever its reason."""

WHOEVER_ASKED: Final = "*"
"""For the filter and the signer: who asked for the picture was bound to the consent when it was ordered."""


NO_ADAPTER: Final = AdapterId("")


@dataclass(frozen=True)
class Depicted:
    """Somebody whom a picture shows, and the consent that covers them, at the revision that it was asked for under."""

    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    # With which they were drawn; empty where that was not said.
    adapter_id: AdapterId = NO_ADAPTER


@dataclass(frozen=True)
class Consent:
    """A person's say-so at one revision; a later revision replaces it. Times are timezone-aware UTC.

    `grantee_id` is set on a grant: the person or app that it was given to, and nobody else may use it.
    """

    id: ConsentId
    subject_id: SubjectId
    revision: int
    purposes: frozenset[Purpose]
    granted_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None
    grantee_id: SubjectId | None = None

    def require(self, *, subject_id: str, purpose: Purpose, now: dt.datetime, grantee_id: str | None = None) -> None:
        """Raise unless this consent covers `purpose` for `subject_id` at `now`.

        `grantee_id` is who asks, if it is not the person: a person's own consent covers nobody else, and a grant
        covers only its grantee. Raises ConsentMissing (another's, or a purpose not agreed to), ConsentRevoked,
        ConsentExpired.
        """
        if self.subject_id != subject_id or grantee_id not in (WHOEVER_ASKED, self.grantee_id):
            raise ConsentMissing
        if self.revoked_at is not None:
            raise ConsentRevoked(self.id)
        if now >= self.expires_at:
            raise ConsentExpired(self.id)
        if purpose not in self.purposes:
            raise ConsentMissing(f"consent {self.id} does not cover the purpose {purpose.value!r}")
