"""The rows of what people let others make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from semblance.identity.domain.grant import Grant
from semblance.identity.domain.sharing import App, Sharing
from semblance.kernel.ids import ConsentId, ImageId, SubjectId


class SharingSettings(Protocol):
    def get(self, subject_id: SubjectId) -> Sharing:
        """Where everybody begins, if the person never set any."""

    def save(self, sharing: Sharing) -> None: ...


class Grants(Protocol):
    """Questions, answers, and the pictures that were counted."""

    def add(self, grant: Grant) -> None: ...

    def save(self, grant: Grant) -> None: ...

    def get(self, grant_id: ConsentId, *, lock: bool = False) -> Grant | None: ...

    def given_by(self, subject_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """All that a person gave or was asked for, newest first; 0: no limit."""

    def asked_by(self, grantee_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """All that somebody asked for or was given, newest first; 0: no limit."""

    def between(self, subject_id: SubjectId, grantee_id: SubjectId) -> list[Grant]:
        """Newest first."""

    def asked_before(self, grantee_id: SubjectId, fingerprint: str) -> list[Grant]:
        """What one asked of another, newest first."""

    def open_asks(self, now: dt.datetime, *, by: SubjectId | None = None, to: SubjectId | None = None) -> int: ...

    def uses(self, grant_id: ConsentId) -> int: ...

    def is_used_for(self, grant_id: ConsentId, image_id: ImageId) -> bool: ...

    def use(self, grant_id: ConsentId, image_id: ImageId, at: dt.datetime) -> None: ...

    def return_use(self, grant_id: ConsentId, image_id: ImageId) -> bool:
        """Whether it was counted."""

    def tell_refusal(self, grant_id: ConsentId, day: str, reason_code: str, use: str) -> bool:
        """Whether the person has not been told this today; they have from now on."""

    def forget_lapsed(self, before: dt.datetime) -> int:
        """Delete questions that lapsed before then."""


class Apps(Protocol):
    """Accounts that are verified apps."""

    def get(self, subject_id: SubjectId) -> App | None: ...

    def named(self, name: str) -> App | None:
        """Whatever the case of its letters."""

    def save(self, app: App) -> None: ...

    def remove(self, subject_id: SubjectId) -> None: ...

    def all(self) -> list[App]:
        """By name."""

    def names(self, subject_ids: Sequence[str]) -> dict[str, str]: ...
