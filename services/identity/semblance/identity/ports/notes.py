"""What this service noted where no backup reaches (semblance.service_kit.taken_back)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Note:
    """One of them. `read`: when it was noted and what is kept of it; None where the file is damaged."""

    subject_id: str
    thing_id: str
    read: Callable[[], tuple[dt.datetime, bytes] | None]


class Notes(Protocol):
    """Every list raises Unavailable where the log cannot be read: that is not an empty one."""

    @property
    def kept(self) -> bool:
        """Whether anything is noted at all."""

    def protected(self) -> Sequence[Note]:
        """Entries of the register; the subject is the entry's key."""

    def limits(self) -> Sequence[Note]:
        """What people said others may do."""

    def unmarked(self) -> Sequence[Note]:
        """Apps that are none any more."""

    def forget(self, subject_id: str) -> None:
        """Whatever is noted of somebody whose key is destroyed."""


class NoNotes:
    """Where no log is kept: nothing comes back."""

    kept = False

    def protected(self) -> Sequence[Note]:
        """None."""
        return ()

    limits = unmarked = protected

    def forget(self, subject_id: str) -> None:
        """Nothing."""
