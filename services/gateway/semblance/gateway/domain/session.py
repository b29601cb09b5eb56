"""Sign-ins: each token of this gateway belongs to one, and holds only as long as its row is there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Session:
    """`id` is the token's `jti`. Nothing is kept of the device or of where it was."""

    id: str
    subject_id: str
    opened_at: dt.datetime
    expires_at: dt.datetime
