"""Choosing a few of many, evenly."""

from __future__ import annotations

from collections.abc import Sequence


def spread(items: Sequence[int], count: int) -> list[int]:
    """At most `count` of the items, first and last included, evenly spread, in order."""
    if len(items) <= count:
        return list(items)
    if count == 1:
        return [items[len(items) // 2]]
    return [items[round(i * (len(items) - 1) / (count - 1))] for i in range(count)]
