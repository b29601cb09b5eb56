"""Claimants' words, sealed under a key of each notice's own in the platform's key ring."""

from __future__ import annotations

import json

from semblance.objects import KeyRing, Sealer
from semblance.provenance.domain.takedown import Claimant

_PURPOSE = "takedown-claimant"


class SealedClaims:
    """See ports.Claims."""

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring
        self._sealer = Sealer(keyring)

    def seal(self, takedown_id: str, claimant: Claimant) -> bytes:
        """Makes the key too."""
        self._keyring.create(takedown_id)
        words = [claimant.signed_name, claimant.contact, claimant.reason, claimant.image]
        return self._sealer.seal(takedown_id, _PURPOSE, json.dumps(words).encode())

    def open(self, takedown_id: str, sealed: bytes) -> Claimant:
        """See ports.Claims."""
        return Claimant(*json.loads(self._sealer.open(takedown_id, _PURPOSE, sealed)))

    def destroy(self, takedown_id: str) -> None:
        """The key: what was sealed with it opens no more, in no backup either."""
        self._keyring.destroy(takedown_id)
