"""Signed files checked without asking who signed them: compact JWS (RFC 7515) with Ed25519 (RFC 8037)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import jwt

from semblance.kernel.errors import Invalid

MAX_BYTES: Final = 256 * 1024
CLOCK_SKEW_S: Final = 300


class ReceiptInvalid(Invalid):
    """The file is no receipt that these keys signed."""

    code = "receipt-invalid"


class ReceiptExpired(ReceiptInvalid):
    """Genuine, but what it proves has ended by its own date."""

    code = "receipt-expired"


class ConsentWithdrawn(ReceiptInvalid):
    """Genuine, and it says itself that the consent was withdrawn."""

    code = "receipt-consent-withdrawn"


class NoSuchThing(ReceiptInvalid):
    """Genuine, but what was asked for is not in it."""

    code = "receipt-item-missing"


def kind_of(jws: str) -> str:
    """The `typ` of the header, unverified: what the file says it is. Raises ReceiptInvalid."""
    if len(jws) > MAX_BYTES:
        raise ReceiptInvalid(f"a receipt has at most {MAX_BYTES} bytes")
    try:
        return str(jwt.get_unverified_header(jws.strip()).get("typ", ""))
    except jwt.PyJWTError as e:
        raise ReceiptInvalid("this is no signed file", remedy="Give the file as it was saved.") from e


def opened(jws: str, keys: Mapping[str, Any], kind: str, *, what: str) -> dict[str, Any]:
    """The claims, if one of the `keys` (a JSON Web Key Set, RFC 7517) signed them and the header says `kind`.

    Raises ReceiptInvalid. Whose keys these are is for the caller to know: keep them from the day of the receipt.
    """
    if kind_of(jws) != kind:
        raise ReceiptInvalid(f"this is a signed file, but no {what}")
    try:
        key = jwt.PyJWKSet.from_dict(dict(keys))[str(jwt.get_unverified_header(jws.strip()).get("kid"))]
        claims: dict[str, Any] = jwt.decode(
            jws.strip(),
            key,
            algorithms=["EdDSA"],
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except KeyError as e:
        raise ReceiptInvalid(
            f"the key that signed this {what} is not among the keys given",
            remedy="Use the keys that were published when it was written.",
        ) from e
    except (jwt.PyJWTError, AttributeError) as e:
        raise ReceiptInvalid(
            "the signature does not hold: the file was changed, or these are somebody else's keys"
        ) from e
    signed_s = claims.get("iat", 0)
    if not isinstance(signed_s, (int, float)) or signed_s > dt.datetime.now(dt.UTC).timestamp() + CLOCK_SKEW_S:
        raise ReceiptInvalid(f"this {what} was signed in the future", remedy="Set this machine's clock.")
    return claims
