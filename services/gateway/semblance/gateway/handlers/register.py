"""The protected register, for anybody: no account is asked for, and none is made."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from semblance.gateway.domain.things import ProtectedFace
from semblance.gateway.handlers.gate import Gate
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import new_id
from semblance.kernel.units import MIB

PHOTOS_MAX = 3
PHOTO_BYTES_MAX = 5 * MIB


def protect_face(gate: Gate, *, purpose: str, photos: Sequence[bytes]) -> ProtectedFace:
    """A new entry. The removal code is made here and told once: identity gets its digest, and nobody keeps it.

    Raises Invalid (also what identity says of the photos), QuotaExceeded, Unavailable.
    """
    if any(not 0 < len(photo) <= PHOTO_BYTES_MAX for photo in photos):
        raise Invalid(
            f"a photo has 1 to {PHOTO_BYTES_MAX} bytes", remedy="Send smaller photos.", code="invalid-protection"
        )
    entry_id, code = new_id(), secrets.token_urlsafe(32)
    digest = hashlib.sha256(code.encode()).hexdigest()
    state = gate.register.protect(entry_id, purpose=purpose, code_sha256=digest, photos=photos)
    return ProtectedFace(entry_id, state, code)
