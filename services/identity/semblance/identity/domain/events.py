"""What this service tells the others; adapters/outbox_sink.py writes them as protobuf."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.grant import Grant
from semblance.kernel.consent import Consent
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ErasureId, SubjectId
from semblance.kernel.use import Use


@dataclass(frozen=True)
class Granted:
    """A person said yes. `grantee_name` is a verified app's at this moment."""

    consent: Consent
    grantee_name: str = ""


@dataclass(frozen=True)
class Revoked:
    """A person took it back."""

    consent: Consent
    reason: RevocationReason
    grantee_name: str = ""


@dataclass(frozen=True)
class Asked:
    """Somebody asked a person for pictures."""

    grant: Grant
    grantee_name: str


@dataclass(frozen=True)
class Answered:
    """A question was answered or taken back, or a grant given unasked."""

    grant: Grant
    grantee_name: str


@dataclass(frozen=True)
class PictureRefused:
    """A picture was asked for under a grant, and refused."""

    grant: Grant
    grantee_name: str
    consent_revision: int
    reason_code: str
    use: Use | None


@dataclass(frozen=True)
class ErasureAnnounced:
    """Everybody: forget this person. The data key is already destroyed."""

    subject_id: SubjectId
    erasure_id: ErasureId


@dataclass(frozen=True)
class IdentityErased:
    """This service has forgotten its own share."""

    subject_id: SubjectId
    erasure_id: ErasureId
    stores: tuple[Destroyed, ...]


@dataclass(frozen=True)
class ErasureFinished:
    """All have answered and the receipt is signed."""

    subject_id: SubjectId
    erasure_id: ErasureId
    receipt_sha256: str


Event = Granted | Revoked | Asked | Answered | PictureRefused | ErasureAnnounced | IdentityErased | ErasureFinished
