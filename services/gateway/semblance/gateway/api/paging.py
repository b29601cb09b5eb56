"""Cursors: opaque to clients, so that what is inside may change."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from semblance.gateway.domain.things import Page
from semblance.kernel.errors import Invalid

T = TypeVar("T")
_CURSOR_CHARACTERS_MAX = 400

After = Annotated[
    str | None,
    Query(
        description="`next_after` of the page before.", pattern=r"^[A-Za-z0-9_-]+$", max_length=_CURSOR_CHARACTERS_MAX
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="Items on a page.")]


def cursor(inner: str | None) -> str | None:
    """What a client sees of `inner`."""
    return None if inner is None else base64.urlsafe_b64encode(inner.encode()).rstrip(b"=").decode()


def inner_of(after: str | None) -> str | None:
    """What a client's cursor stands for. Raises Invalid for one that was not given out here."""
    if after is None:
        return None
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii")
    except (binascii.Error, ValueError) as e:
        raise _malformed() from e
    if not text or not text.isprintable() or cursor(text) != after:
        raise _malformed()
    return text


def page_of(items: Sequence[T], key: Callable[[T], str], *, after: str | None, limit: int) -> Page[T]:
    """A page of a short list that came whole: newest first, by its time-ordered ids."""
    ordered = sorted(items, key=key, reverse=True)
    rest = [item for item in ordered if after is None or key(item) < after]
    kept = tuple(rest[:limit])
    return Page(kept, key(kept[-1]) if len(rest) > limit else None)


def _malformed() -> Invalid:
    return Invalid("that cursor was not given out here", remedy="Start from the first page.", code="malformed-cursor")
