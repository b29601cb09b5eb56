"""Keys of people and the receipts' key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol


class DestroyedKey(Protocol):
    """What is left of a data key."""

    @property
    def key_id(self) -> str: ...

    @property
    def destroyed_at(self) -> dt.datetime: ...


class Keys(Protocol):
    """One data key a person; a destroyed one never comes back (Gone)."""

    def create(self, subject_id: str) -> None: ...

    def destroy(self, subject_id: str) -> DestroyedKey: ...

    def exists(self, subject_id: str) -> bool: ...


class Seals(Protocol):
    """Seals bytes under a person's data key for one purpose. Raises Gone once the key is destroyed."""

    def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes: ...

    def open(self, subject_id: str, purpose: str, blob: bytes) -> bytes: ...


class Receipts(Protocol):
    """Signs what was erased, and recognises a person who is gone."""

    def sign(self, claims: Mapping[str, object], token_type: str = ..., *, content_type: str = ...) -> str:
        """A compact JWS; its header's `typ` says what it is, so that one kind never passes for another."""

    def jwks_json(self) -> str:
        """The public keys as a JSON Web Key Set."""

    def fingerprint(self, subject_id: str) -> str:
        """A keyed hash by which a completed erasure is found again without storing the id."""
