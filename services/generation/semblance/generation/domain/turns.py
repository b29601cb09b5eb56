"""When a picture's turn comes, and until when it is worth beginning."""

from __future__ import annotations

import datetime as dt
from typing import Final

from semblance.generation.domain.errors import InvalidOrder

# As long as queued work may be told to wait.
MAX_BEGIN_WITHIN_S: Final = 3600


def turn_at(asked_at: dt.datetime, waiting: int, turn_s: float) -> dt.datetime:
    """Its place in the queue, where the earliest goes first: when it was asked for, and turn_s later for each picture
    that whoever asked has waiting already.

    So one who asks for one picture goes before the many of somebody else, a person or an app under grants; and nobody
    starves, for a picture is passed by nothing that is asked for more than waiting * turn_s after it. Many of one alone
    lose nothing: it is an order, and nobody waits for a time.
    """
    return asked_at + dt.timedelta(seconds=waiting * turn_s)


def begin_by(asked_at: dt.datetime, within_s: int) -> dt.datetime | None:
    """Until when it may begin; None: at any time. within_s: 0 for the latter. Raises InvalidOrder."""
    if not 0 <= within_s <= MAX_BEGIN_WITHIN_S:
        raise InvalidOrder(f"a picture may wait 1 to {MAX_BEGIN_WITHIN_S} seconds, or 0 for any time")
    return asked_at + dt.timedelta(seconds=within_s) if within_s else None
