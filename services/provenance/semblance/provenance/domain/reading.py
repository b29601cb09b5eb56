"""What a reader finds in a picture, and what can be said of it now."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from semblance.kernel.consent import Consent


class ManifestState(enum.Enum):
    """The reader's four answers. VALID is whole but signed by nobody on our list; only TRUSTED means anything."""

    TRUSTED = "Trusted"
    VALID = "Valid"
    INVALID = "Invalid"
    NONE = "None"


class ConsentState(enum.Enum):
    """The consent behind a picture, at the time of asking."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ERASED = "erased"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """A picture's manifest store as read. `signer_trusted`: the signature holds and chains to an anchor, even where
    the pixels were changed afterwards."""

    state: ManifestState
    manifest_id: str = ""
    manifest_json: str = ""
    failures: tuple[str, ...] = ()
    signer_trusted: bool = False
    development_signer: bool = False


@dataclass(frozen=True)
class Verification:
    """The answer to anybody's question about a picture."""

    reading: Reading
    made_here: bool
    consent: ConsentState
    signed_at: dt.datetime | None


def consent_state(consent: Consent | None, *, up_to_date: bool, now: dt.datetime) -> ConsentState:
    """`up_to_date` False means that a withdrawal may be waiting: then nothing is called active."""
    if consent is None:
        return ConsentState.UNKNOWN
    if consent.revoked_at is not None:
        return ConsentState.WITHDRAWN
    if now >= consent.expires_at:
        return ConsentState.EXPIRED
    return ConsentState.ACTIVE if up_to_date else ConsentState.UNKNOWN
