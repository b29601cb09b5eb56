"""What was taken back, as an engine must know it: to stop it now and to refuse it later."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

_REMEMBERED = 10_000


@dataclass(frozen=True)
class Whose:
    """An adapter's names. consent_id: the one that it was trained under. digest: of its LoRA, as training reported."""

    adapter_id: AdapterId
    subject_id: SubjectId
    consent_id: ConsentId
    digest: str


@dataclass(frozen=True)
class Withdrawal:
    """One adapter, every adapter trained under a consent, or everything of a person; one of the three is named."""

    adapter_id: AdapterId | None = None
    consent_id: ConsentId | None = None
    subject_id: SubjectId | None = None

    def __post_init__(self) -> None:
        if sum(name is not None for name in (self.adapter_id, self.consent_id, self.subject_id)) != 1:
            raise ValueError("a withdrawal names an adapter, a consent or a person")

    @property
    def id(self) -> str:
        """Of what is withdrawn."""
        return str(self.adapter_id or self.consent_id or self.subject_id)

    def covers(self, whose: Whose) -> bool:
        """Whether this adapter may not be used any more."""
        return self.id in (whose.adapter_id, whose.consent_id, whose.subject_id)


class Withdrawn:
    """Ids that were taken back, the newest ten thousand; none of them is ever given out again. For several threads."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, withdrawal: Withdrawal) -> None:
        """Remember it."""
        with self._lock:
            self._ids[withdrawal.id] = None
            while len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)

    def covers(self, whose: Whose) -> bool:
        """Whether this adapter was taken back."""
        with self._lock:
            return any(name in self._ids for name in (whose.adapter_id, whose.consent_id, whose.subject_id))
