"""The rows of erasures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from semblance.identity.domain.erasure import Erasure
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.ids import ErasureId, SubjectId


class Erasures(Protocol):
    def add(self, erasure: Erasure) -> None: ...

    def save(self, erasure: Erasure) -> None: ...

    def get(self, erasure_id: ErasureId, *, lock: bool = False) -> Erasure | None: ...

    def of_subject(self, subject_id: SubjectId, fingerprint: str) -> Erasure | None:
        """The running one, else the completed one."""

    def record(self, erasure_id: ErasureId, service: str, stores: Sequence[ErasedStore]) -> None:
        """A service's answer, joined to what it answered before (domain.erasure.merged)."""

    def replace_answers(self, erasure_id: ErasureId, stores: Sequence[ErasedStore]) -> None:
        """Keep these instead of what the services answered."""

    def forget_lists(self, completed_before: dt.datetime) -> int:
        """Of older erasures keep counts and receipts alone; how many had a list."""

    def overdue(self, announced_before: dt.datetime) -> list[ErasureId]:
        """Running ones whose last announcement is older."""
