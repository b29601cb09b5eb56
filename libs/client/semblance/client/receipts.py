"""Checking an erasure receipt without asking the platform that wrote it: a compact JWS (RFC 7515, RFC 8037)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from semblance.kernel.errors import Invalid

TYPE: Final = "semblance-erasure-receipt+jwt"
MAX_BYTES: Final = 256 * 1024


class ReceiptStore(BaseModel):
    """How many things of one kind a service destroyed."""

    model_config = ConfigDict(frozen=True)
    service: str = Field(max_length=60)
    store: str = Field(max_length=200)
    count: int = Field(ge=0)


class Receipt(BaseModel):
    """What a platform signed. `key_id` names the destroyed data key, None where the person never had one."""

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

    def names(self, subject_id: str) -> bool:
        """Whether the receipt is about this person: their id is in it only as a salted hash."""
        return hashlib.sha256(f"{self.subject_salt}:{subject_id}".encode()).hexdigest() == self.subject_sha256


class ReceiptInvalid(Invalid):
    """The file is no receipt that these keys signed."""

    code = "receipt-invalid"


def check_receipt(jws: str, keys: Mapping[str, Any]) -> Receipt:
    """The receipt, if one of the `keys` (a JSON Web Key Set, RFC 7517) signed it with Ed25519.

    Raises ReceiptInvalid. Whose keys these are is for the caller to know: keep them from the day of the erasure.
    """
    if len(jws) > MAX_BYTES:
        raise ReceiptInvalid(f"a receipt has at most {MAX_BYTES} bytes")
    try:
        header = jwt.get_unverified_header(jws.strip())
        if header.get("typ") != TYPE:
            raise ReceiptInvalid("this is a signed file, but no erasure receipt")
        claims = jwt.decode(
            jws.strip(),
            jwt.PyJWKSet.from_dict(dict(keys))[str(header.get("kid"))],
            algorithms=["EdDSA"],
            options={"require": ["iss", "iat"], "verify_aud": False},
        )
        return Receipt.model_validate(claims)
    except KeyError as e:
        raise ReceiptInvalid(
            "the key that signed this receipt is not among the keys given",
            remedy="Use the keys that were published when the receipt was written.",
        ) from e
    except ValidationError as e:
        raise ReceiptInvalid("the receipt is signed, but lacks what a receipt must say") from e
    except (jwt.PyJWTError, AttributeError) as e:
        raise ReceiptInvalid(
            "the signature does not hold: the file was changed, or these are somebody else's keys"
        ) from e
