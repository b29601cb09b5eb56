"""Who is calling: passwords, keyed digests and tokens."""

from __future__ import annotations

from typing import Any, Protocol

from semblance.gateway.domain.account import Proof


class Passwords(Protocol):
    """A slow, salted hash; `verify` takes as long for an unknown account (None)."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str | None, password: str) -> bool: ...


class Pepper(Protocol):
    """A keyed digest: equal texts have equal digests, and a digest tells nothing without the key."""

    def digest(self, *parts: str) -> str: ...


class Issuer(Protocol):
    """Signs access tokens for accounts of this gateway; `sub` is the subject id."""

    @property
    def issuer(self) -> str: ...
    @property
    def life_s(self) -> int: ...

    def issue(self, subject_id: str, session_id: str) -> str:
        """A signed access token (RFC 9068 profile) of one sign-in."""

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517)."""


class Verifier(Protocol):
    """Checks bearer tokens of every issuer that is accepted."""

    def verify(self, token: str) -> Proof:
        """Who the token names. Raises TokenRefused; Unavailable when an issuer's keys cannot be had."""
