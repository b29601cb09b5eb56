"""This service's folder of the log of what was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from semblance.identity.ports import Note
from semblance.service_kit.taken_back import Kind, TakenBackLog, TakenBackUnavailable, UnknownEntry


class LogNotes:
    """See ports.Notes."""

    kept = True

    def __init__(self, log: TakenBackLog) -> None:
        self._log = log

    def protected(self) -> Sequence[Note]:
        """Entries of the register."""
        return self._of(Kind.PROTECTED)

    def limits(self) -> Sequence[Note]:
        """What people said others may do."""
        return self._of(Kind.LIMITS)

    def unmarked(self) -> Sequence[Note]:
        """Apps that are none any more."""
        return self._of(Kind.UNMARKED)

    def forget(self, subject_id: str) -> None:
        """See ports.Notes."""
        self._log.forget(subject_id)

    def _of(self, kind: Kind) -> list[Note]:
        try:
            entries = self._log.of(kind)
        except UnknownEntry as e:
            raise TakenBackUnavailable(e.detail, remedy=e.remedy) from e
        return [Note(entry.subject_id, entry.thing_id, partial(self._log.content, entry)) for entry in entries]
