"""A grant: a consent that a person gives to another person or an app, for so many pictures.

Its id is the id of its consent, so that every service that knows consents stops what is made under it when it ends.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from semblance.identity.domain.consent import MAX_DAYS
from semblance.identity.domain.errors import AlreadyAnswered, InvalidGrant
from semblance.identity.domain.sharing import Level
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentMissing
from semblance.kernel.ids import ConsentId, SubjectId
from semblance.kernel.use import Refusal, Use, refusal

PURPOSES = frozenset({Purpose.GENERATE})
"""All that a grant can ever cover."""


class Answer(enum.Enum):
    """What has been said to it. RETRACTED: the asker took the question back."""

    OPEN = "open"
    ALLOWED = "allowed"
    REFUSED = "refused"
    RETRACTED = "retracted"


@dataclass(frozen=True)
class Extent:
    """How much: pictures, days, whether each waits for the person's approval, what for, and whether a picture may show
    others as well."""

    pictures: int
    days: int
    review: bool = True
    # In a question: what the asker names. In an answer: all that is covered; none: whatever is not denied.
    uses: tuple[Use, ...] = ()
    # Grants from before anybody could be shown together never allowed it.
    together: bool = False


@dataclass(frozen=True)
class Grant:
    """sealed_purpose: the asker's words under the asker's key. sealed_terms: the person's, under the person's key.

    fingerprint: a keyed hash of who was asked. It outlives the id, so that a second question is answered in the same
    way whether the first one went to somebody, to nobody, or to somebody who is gone.
    """

    id: ConsentId
    subject_id: SubjectId
    grantee_id: SubjectId
    grantee_is_app: bool
    answer: Answer
    asked_at: dt.datetime
    lapses_at: dt.datetime
    asked: Extent | None = None
    allowed: Extent | None = None
    by_level: bool = False
    answered_at: dt.datetime | None = None
    fingerprint: str = ""
    sealed_purpose: bytes = field(default=b"", repr=False)
    sealed_terms: bytes = field(default=b"", repr=False)

    def state(self, consent: Consent | None, now: dt.datetime) -> str:
        """One word: asked, lapsed, refused, withdrawn, expired or allowed."""
        if self.answer is Answer.OPEN:
            return "lapsed" if now >= self.lapses_at else "asked"
        if self.answer is Answer.REFUSED:
            return "refused"
        if self.answer is Answer.RETRACTED or consent is None or consent.revoked_at is not None:
            return "withdrawn"
        return "expired" if now >= consent.expires_at else "allowed"

    def allow(self, extent: Extent, sealed_terms: bytes, now: dt.datetime, *, by_level: bool = False) -> Grant:
        """The person says yes, to as much as was asked or to less. Raises AlreadyAnswered, InvalidGrant."""
        self._require_open(now)
        if self.asked is not None and (extent.pictures > self.asked.pictures or extent.days > self.asked.days):
            raise InvalidGrant(
                "more was allowed than was asked for", remedy="Allow as many or fewer pictures and days."
            )
        if self.asked is not None and extent.together and not self.asked.together:
            raise InvalidGrant(
                "pictures together with others were not asked for", remedy="Allow pictures of yourself alone."
            )
        if self.asked is not None and self.asked.uses:
            # Whoever says what for gets that and no more; silence of the person covers what was asked for.
            extent = replace(extent, uses=extent.uses or self.asked.uses)
            if not set(extent.uses) <= set(self.asked.uses):
                raise InvalidGrant("uses were allowed that were not asked for", remedy="Allow uses that were named.")
        return replace(
            self, answer=Answer.ALLOWED, allowed=extent, sealed_terms=sealed_terms, answered_at=now, by_level=by_level
        )

    def refuse(self, now: dt.datetime) -> Grant:
        """The person says no. Raises AlreadyAnswered."""
        self._require_open(now)
        return replace(self, answer=Answer.REFUSED, answered_at=now)

    def retract(self, now: dt.datetime) -> Grant:
        """The asker takes the question back. Raises AlreadyAnswered."""
        self._require_open(now)
        return replace(self, answer=Answer.RETRACTED, answered_at=now)

    def _require_open(self, now: dt.datetime) -> None:
        if self.answer is not Answer.OPEN or now >= self.lapses_at:
            raise AlreadyAnswered


@dataclass(frozen=True)
class Objection:
    """A reason against a picture, for machines and for people."""

    code: str
    detail: str
    remedy: str = ""


def use_objection(grant: Grant, use: Use | None, denied_uses: Sequence[str]) -> Objection | None:
    """Why the declared use is not covered; None also for a grant that nobody has allowed."""
    against = _against_use(grant.allowed, use, denied_uses) if grant.allowed is not None else None
    return Objection(against.code, against.detail, against.remedy) if against is not None else None


def require_some_use(extent: Extent, denied_uses: Sequence[str]) -> None:
    """Raises InvalidGrant when what is allowed and what is denied leave nothing that could be asked for."""
    against = _against_use(extent, None, denied_uses)
    if against is not None and not against.allowed:
        raise InvalidGrant("no use is left that the grant would cover", remedy="Deny fewer uses, or refuse.")


def together_objection(grant: Grant) -> Objection | None:
    """Why the person may not be shown together with others; None also for a grant that nobody has allowed."""
    if grant.allowed is None or grant.allowed.together:
        return None
    return Objection(
        "not-together",
        "the grant covers pictures of the person alone",
        remedy="Ask the person for a grant that covers pictures together with others.",
    )


def objections(
    grant: Grant, consent: Consent | None, *, level: Level, made: int, is_app: bool, now: dt.datetime
) -> list[Objection]:
    """Everything that speaks against one more picture now. `made` counts those that were asked for before."""
    state = grant.state(consent, now)
    found = []
    if state in ("asked", "lapsed"):
        found.append(Objection("grant-not-given", "the person has not answered"))
    elif state == "refused":
        found.append(Objection("grant-refused", "the person refused"))
    elif state == "withdrawn":
        found.append(Objection("consent-revoked", f"consent {grant.id} has been withdrawn"))
    elif state == "expired":
        found.append(Objection("consent-expired", f"consent {grant.id} has expired"))
    if state == "allowed" and grant.grantee_is_app and not is_app:
        found.append(Objection("app-not-verified", "the grantee is no longer a verified app"))
    elif state == "allowed" and not level.allows(is_app=is_app, approved=not grant.by_level):
        found.append(Objection("level-too-low", "the person does not let this kind of grantee make pictures now"))
    if grant.allowed is not None and made >= grant.allowed.pictures:
        found.append(Objection("grant-used-up", f"all {grant.allowed.pictures} pictures of this grant were asked for"))
    return found


def parse_days(days: int) -> int:
    """Raises InvalidGrant."""
    if not 1 <= days <= MAX_DAYS:
        raise InvalidGrant(f"a grant lasts 1 to {MAX_DAYS} days")
    return days


def parse_purpose(text: str, characters: int) -> str:
    """What the asker wants the pictures for, in one paragraph. Raises InvalidGrant."""
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= characters or not trimmed.isprintable():
        raise InvalidGrant(f"a purpose has 1 to {characters} printable characters and no line breaks")
    return trimmed


def new_consent(grant: Grant, own: Sequence[Consent], now: dt.datetime) -> Consent:
    """The grant's consent at revision 1. It ends no later than the person's own consent to be depicted.

    Raises ConsentMissing when the person has none: only a verified person can let others make pictures.
    """
    assert grant.allowed is not None
    standing = _own_to_pictures(own, now)
    if not standing:
        raise ConsentMissing("the person has no consent of their own that covers pictures")
    return Consent(
        id=grant.id,
        subject_id=grant.subject_id,
        revision=1,
        purposes=PURPOSES,
        granted_at=now,
        expires_at=min(now + dt.timedelta(days=grant.allowed.days), max(c.expires_at for c in standing)),
        grantee_id=grant.grantee_id,
    )


def depictable(consents: Sequence[Consent], now: dt.datetime) -> bool:
    """Whether one of the person's own consents covers pictures now."""
    return bool(_own_to_pictures(consents, now))


def stands(consent: Consent, now: dt.datetime) -> bool:
    """Neither withdrawn nor expired."""
    return consent.revoked_at is None and now < consent.expires_at


def _against_use(extent: Extent, use: Use | None, denied_uses: Sequence[str]) -> Refusal | None:
    return refusal(use, allowed=extent.uses, denied=denied_uses)


def _own_to_pictures(consents: Sequence[Consent], now: dt.datetime) -> list[Consent]:
    return [c for c in consents if c.grantee_id is None and stands(c, now) and Purpose.GENERATE in c.purposes]
