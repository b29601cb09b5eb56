"""Checking an erasure receipt, and the list beside it, without asking the platform that wrote them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from semblance.client.signatures import MAX_BYTES, ReceiptInvalid, opened

__all__ = ["MAX_BYTES", "TYPE", "Receipt", "ReceiptInvalid", "check_receipt"]

TYPE: Final = "semblance-erasure-receipt+jwt"


class ReceiptStore(BaseModel):
    """How many things of one kind a service destroyed, and by when ("" in receipts without a tree)."""

    model_config = ConfigDict(frozen=True)
    service: str = Field(max_length=60)
    store: str = Field(max_length=200)
    count: int = Field(ge=0)
    destroyed_at: str = Field(default="", max_length=40)


class Tree(BaseModel):
    """The Merkle tree (RFC 9162) over everything that was destroyed; the leaves are in the list beside the receipt."""

    model_config = ConfigDict(frozen=True)
    hash: str = Field(pattern="^sha256$")
    size: int = Field(ge=0)
    root: str = Field(pattern=r"^[0-9a-f]{64}$")


class Receipt(BaseModel):
    """What a platform signed. `key_id` names the destroyed data key, None where the person never had one; `tree` is
    None in receipts from before there were lists."""

    model_config = ConfigDict(frozen=True)
    iss: str
    iat: int
    erasure_id: str
    subject_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    subject_salt: str
    requested_at: dt.datetime
    key_id: str | None
    key_destroyed_at: dt.datetime | None
    completed_at: dt.datetime
    stores: tuple[ReceiptStore, ...] = Field(max_length=1000)
    tree: Tree | None = None

    def names(self, subject_id: str) -> bool:
        """Whether the receipt is about this person: their id is in it only as a salted hash."""
        return hashlib.sha256(f"{self.subject_salt}:{subject_id}".encode()).hexdigest() == self.subject_sha256


def check_receipt(jws: str, keys: Mapping[str, Any]) -> Receipt:
    """The receipt, if one of the `keys` (a JSON Web Key Set, RFC 7517) signed it with Ed25519.

    Raises ReceiptInvalid. Whose keys these are is for the caller to know: keep them from the day of the erasure.
    """
    claims = opened(jws, keys, TYPE, what="erasure receipt")
    try:
        return Receipt.model_validate(claims)
    except ValidationError as e:
        raise ReceiptInvalid("the receipt is signed, but lacks what a receipt must say") from e
