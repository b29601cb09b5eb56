"""Ids: one NewType an aggregate, UUIDv7-shaped so that they sort by time and name nobody."""

from __future__ import annotations

import os
import re
import time
import uuid
from typing import NewType

from semblance.kernel.errors import Invalid

SubjectId = NewType("SubjectId", str)
ConsentId = NewType("ConsentId", str)
ReleaseId = NewType("ReleaseId", str)
SessionId = NewType("SessionId", str)
PhotoId = NewType("PhotoId", str)
PersonId = NewType("PersonId", str)
AdapterId = NewType("AdapterId", str)
ImageId = NewType("ImageId", str)
ManifestId = NewType("ManifestId", str)
ErasureId = NewType("ErasureId", str)
ReviewId = NewType("ReviewId", str)
EventId = NewType("EventId", str)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


def parse_id(text: str, what: str) -> str:
    """`text` if it is a lower-case UUID. Raises Invalid otherwise: ids become object keys and file names."""
    if not _UUID.fullmatch(text):
        raise Invalid(
            f"{what} is not a lower-case UUID", remedy="Use the id exactly as it was returned.", code="malformed-id"
        )
    return text
