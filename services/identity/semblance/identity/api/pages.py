"""Pages of lists that only operators read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from semblance.kernel.errors import Invalid
from semblance.kernel.ids import parse_id

T = TypeVar("T")
_DEFAULT = 50
_MOST = 100


def parse_page(after: str, limit: int) -> tuple[str, int]:
    """(after, limit) as asked for, 0 being the default. Raises Invalid."""
    if not 0 <= limit <= _MOST:
        raise Invalid(f"limit is 1 to {_MOST}", code="invalid-page")
    return (parse_id(after, "after") if after else ""), limit or _DEFAULT


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The page of `found`, which was asked for with one more than `limit`; whether there is another."""
    return found[:limit], len(found) > limit
