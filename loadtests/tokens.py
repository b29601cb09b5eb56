"""When a token is renewed: a run may last longer than it, and a 401 for an old one is not the platform's fault."""

from __future__ import annotations

import base64
import json
import zlib

_ALWAYS = float("inf")


def renew_at(token: str, handle: str) -> float:
    """Unix time from which its owner signs in again, by what the token says of itself, unverified: with a quarter to
    three quarters of its life left, everybody at a time of their own, so that those who signed in together do not all
    come together again. Infinity for a token that says nothing."""
    try:
        text = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        ends, life_s = float(said["exp"]), float(said["exp"]) - float(said["iat"])
    except (ValueError, KeyError, IndexError, TypeError):
        return _ALWAYS
    return ends - life_s * (0.25 + 0.5 * zlib.crc32(handle.encode()) / 2**32)
