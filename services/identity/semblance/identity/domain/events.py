"""What this service tells the others; adapters/outbox_sink.py writes them as protobuf."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.consent import RevocationReason
from semblance.kernel.consent import Consent
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ErasureId, SubjectId


@dataclass(frozen=True)
class Granted:
    """A person said yes."""

    consent: Consent


@dataclass(frozen=True)
class Revoked:
    """A person took it back."""

    consent: Consent
    reason: RevocationReason


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


Event = Granted | Revoked | ErasureAnnounced | IdentityErased | ErasureFinished
