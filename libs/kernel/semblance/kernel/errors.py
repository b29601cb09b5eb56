"""The one error tree. A class has a `kind`; each edge maps kinds by one table, never by class.

Texts reach users and logs, so they must never hold a secret, a prompt, a face or an embedding.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Kind(enum.Enum):
    """What an edge may do about an error; the edges' tables are keyed by it."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    QUOTA = "quota"
    GONE = "gone"
    UNAVAILABLE = "unavailable"


class SemblanceError(Exception):
    """A fact that callers can act on.

    `code` is stable and machine-read (it ends the problem `type` URI); `detail` names the rule and the
    limit; `remedy` says what to do next. `by_limits_of` is for the service that called, and no answer to a person:
    of a picture of several, the grants whose givers' own limits refuse it, each with the code that they are told.
    """

    kind: Kind = Kind.INVALID
    code: str = "invalid"
    by_limits_of: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str, *, remedy: str = "", code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        if code is not None:
            self.code = code


class Invalid(SemblanceError):
    """The input breaks a stated rule."""


class NotFound(SemblanceError):
    """Nothing here by that id, or it belongs to somebody else: callers cannot tell which."""

    kind = Kind.NOT_FOUND
    code = "not-found"


class Unauthenticated(SemblanceError):
    """No proof of who is calling, or a proof that no longer holds."""

    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"


class Forbidden(SemblanceError):
    """The caller is known and may not do this."""

    kind = Kind.FORBIDDEN
    code = "forbidden"


class ConsentMissing(Forbidden):
    """No consent covers what was asked."""

    code = "consent-required"

    def __init__(self, detail: str = "no active consent covers this request") -> None:
        super().__init__(
            detail, remedy="Opt in first: sign the release, pass a capture session, then create a consent."
        )


class ConsentRevoked(Forbidden):
    """The consent was given and has been withdrawn."""

    code = "consent-revoked"

    def __init__(self, consent_id: str) -> None:
        super().__init__(f"consent {consent_id} has been withdrawn", remedy="Ask the person for a new consent.")


class ConsentExpired(Forbidden):
    """The consent reached its end date."""

    code = "consent-expired"

    def __init__(self, consent_id: str) -> None:
        super().__init__(f"consent {consent_id} has expired", remedy="Ask the person for a new consent.")


class ConsentOfAnotherRequired(Forbidden):
    """Somebody whom the picture shows beside its subject did not agree to it, or not any more; never who, or why."""

    code = "consent-of-another-required"

    def __init__(self) -> None:
        super().__init__("everybody in a picture must have agreed to it")


class Conflict(SemblanceError):
    """The request contradicts the present state."""

    kind = Kind.CONFLICT
    code = "conflict"


class QuotaExceeded(SemblanceError):
    """A stated limit was reached; `retry_after_s` says when to come back."""

    kind = Kind.QUOTA
    code = "quota-exceeded"

    def __init__(self, detail: str, *, retry_after_s: int, remedy: str = "", code: str | None = None) -> None:
        super().__init__(detail, remedy=remedy or f"Try again in {retry_after_s} s.", code=code)
        self.retry_after_s = retry_after_s


class Gone(SemblanceError):
    """It was here and has been erased for good."""

    kind = Kind.GONE
    code = "gone"


class Unavailable(SemblanceError):
    """A part that is needed does not answer; the same request may work later.

    away: whoever is asked is simply not there, whatever the request, so queued work waits. Else the request itself may
    be the reason, and asking again has an end.
    """

    kind = Kind.UNAVAILABLE
    code = "unavailable"
    away: bool = False

    def __init__(
        self, detail: str, *, remedy: str = "Try again shortly.", code: str | None = None, away: bool | None = None
    ) -> None:
        super().__init__(detail, remedy=remedy, code=code)
        if away is not None:
            self.away = away
