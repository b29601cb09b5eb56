"""The rows in flight, by class, and whose turn it is. Not safe from several threads: the engine's mutex is held."""

from __future__ import annotations

from typing import Final

from semblance.diffusion.engine.batch import BatchClass, Row

_NEW_AHEAD: Final = 8
"""A class that is new goes before those that were drawn in so many turns before it."""


class Floor:
    """Classes take turns: the one that was drawn longest ago is next."""

    def __init__(self, max_lanes: int) -> None:
        self._max_lanes = max_lanes
        self._classes: dict[BatchClass, list[Row]] = {}
        self._drawn: dict[BatchClass, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        return sum(map(len, self._classes.values()))

    @property
    def rows(self) -> list[Row]:
        """Every row in flight."""
        return [row for rows in self._classes.values() for row in rows]

    def has_room(self, own: BatchClass, allowed_lanes: int) -> bool:
        """Whether one more row of this class may join: into a batch of so many lanes, and into all there are."""
        in_flight = sum(len(rows) * of.lanes for of, rows in self._classes.items())
        batch = len(self._classes.get(own, ())) * own.lanes
        return in_flight + own.lanes <= self._max_lanes and batch + own.lanes <= max(allowed_lanes, own.lanes)

    def join(self, row: Row) -> None:
        """A row begins. A new class goes next, but not before one that has not been drawn for long."""
        own = row.batch_class
        self._drawn.setdefault(own, self._turn - _NEW_AHEAD)
        self._classes.setdefault(own, []).append(row)

    def leave(self, row: Row) -> None:
        """A row goes; with its last one a class."""
        own = row.batch_class
        self._classes[own].remove(row)
        if not self._classes[own]:
            del self._classes[own], self._drawn[own]

    def next_rows(self) -> list[Row]:
        """All rows of the class whose turn it is, the oldest class first among equals; empty when nobody is here."""
        if not self._classes:
            return []
        self._turn += 1
        own = min(self._drawn, key=lambda of: (self._drawn[of], self._classes[of][0].job.order))
        self._drawn[own] = self._turn
        return list(self._classes[own])
