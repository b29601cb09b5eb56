"""What a person lets others make, as identity and generation tell it: values without behaviour."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from semblance.kernel.consent import Purpose


@dataclass(frozen=True)
class Sharing:
    """A person's setting. `repr` leaves their words out."""

    level: str
    review: bool
    pictures: int
    limits: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Scope:
    """What a grant covers, or what was asked for."""

    pictures: int
    days: int
    review: bool = True
    limits: tuple[str, ...] = field(default=(), repr=False)
    denied_styles: tuple[str, ...] = field(default=(), repr=False)
    denied_uses: tuple[str, ...] = field(default=(), repr=False)
    # Words of semblance.kernel.use; none: all that are not denied.
    allowed_uses: tuple[str, ...] = ()
    # Whether a picture may show them together with others.
    together: bool = False


@dataclass(frozen=True)
class Grant:
    """`subject_id` is None for an asker whom nobody has answered."""

    id: str
    subject_id: str | None
    grantee_id: str
    app_name: str
    state: str
    asked: Scope | None
    allowed: Scope | None
    pictures_made: int
    by_level: bool
    asked_at: dt.datetime
    answered_at: dt.datetime | None
    expires_at: dt.datetime | None
    purpose: str = field(default="", repr=False)
    general_limits: tuple[str, ...] = field(default=(), repr=False)

    @property
    def pictures_left(self) -> int:
        """How many more may be asked for; 0 unless it is allowed."""
        if self.allowed is None or self.state != "allowed":
            return 0
        return max(0, self.allowed.pictures - self.pictures_made)


@dataclass(frozen=True)
class Reason:
    """Why not, for machines and for people."""

    code: str
    detail: str


@dataclass(frozen=True)
class Standing:
    """What a person's consents and grants allow at one moment."""

    level: str
    grants: tuple[Grant, ...]
    own_consents: tuple[str, ...]
    own_purposes: tuple[Purpose, ...]


@dataclass(frozen=True)
class ImageCount:
    """So many pictures of a person under one consent, from adapters of one consent, in one state."""

    consent_id: str
    adapter_consent_id: str
    state: str
    by_others: bool
    count: int


@dataclass(frozen=True)
class NewLevel:
    """A change: a whole new setting."""

    sharing: Sharing


@dataclass(frozen=True)
class Withdrawal:
    """A change: a consent or a grant taken back."""

    id: str


@dataclass(frozen=True)
class Answer:
    """A change: what was asked, allowed so far."""

    grant_id: str
    scope: Scope


@dataclass(frozen=True)
class Gift:
    """A change: a grant unasked."""

    grantee_id: str
    scope: Scope


SharingChange = NewLevel | Withdrawal | Answer | Gift


@dataclass(frozen=True)
class Who:
    """An account as people are shown it: a verified app's name, or a person's handle."""

    id: str
    name: str | None
    is_app: bool
