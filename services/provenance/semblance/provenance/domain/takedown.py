"""A take-down notice: somebody says that a picture should not be here, an operator decides within 48 hours.

48 hours: the TAKE IT DOWN Act (USA, 2025), section 3(a)(3), for pictures of a person without that person's consent.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import re
from dataclasses import dataclass, replace

from semblance.kernel.ids import ImageId
from semblance.provenance.domain.errors import InvalidTakedown, TakedownDecided

DECIDE_WITHIN = dt.timedelta(hours=48)
STATEMENT_VERSION = "2026-11"
STATEMENT = (
    "I am the person in this picture, or I may act for them. It was made or is shown without that person's consent, or "
    "that consent has ended. To the best of my knowledge this is true, and I sign it with my name."
)
NAME_CHARACTERS_MAX = 100
CONTACT_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 2000
IMAGE_CHARACTERS_MAX = 500
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{20,64}")
_MANIFEST = re.compile(r"urn:c2pa:[0-9a-f-]{36}(?::[a-zA-Z0-9._:-]{1,60})?")
_IMAGE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Relation(enum.Enum):
    """Who asks, in relation to who is in the picture."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class TakedownState(enum.Enum):
    """All but OPEN are final."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Claimant:
    """Who asks and why: sealed at rest, gone with the notice. `repr` names nobody."""

    signed_name: str
    contact: str
    reason: str
    # A link, an image id or a manifest id, where no picture was sent.
    image: str = ""

    def __repr__(self) -> str:
        return "Claimant(...)"


@dataclass(frozen=True)
class Notice:
    """What was asked for. `reference` is the claimant's way to ask how it stands; only its digest is kept."""

    reference: str
    claimant: Claimant
    relation: Relation
    statement_version: str
    confirmed: bool

    def __repr__(self) -> str:
        return f"Notice({self.relation}, {self.statement_version!r})"


@dataclass(frozen=True)
class TakedownPicture:
    """A published picture that a notice is about. `found_by` is how it was recognised, "named" where its id was."""

    image_id: ImageId
    found_by: str
    confidence_0_1: float
    hidden: bool = False


@dataclass(frozen=True)
class Takedown:
    """One notice with its clock; `sealed` opens with the notice's own key."""

    id: str
    reference_sha256: str
    relation: Relation
    statement_version: str
    sealed: bytes
    hidden: bool
    received_at: dt.datetime
    due_at: dt.datetime
    state: TakedownState = TakedownState.OPEN
    decided_at: dt.datetime | None = None
    decided_by: str = ""

    def overdue(self, now: dt.datetime) -> bool:
        """Whether nobody decided in time."""
        return self.state is TakedownState.OPEN and now >= self.due_at

    def decide(self, decision: TakedownState, *, by: str, now: dt.datetime) -> Takedown:
        """This notice decided; the same decision again changes nothing. Raises InvalidTakedown, TakedownDecided."""
        if decision is TakedownState.OPEN:
            raise InvalidTakedown("a notice is accepted or refused")
        if self.state is decision:
            return self
        if self.state is not TakedownState.OPEN:
            raise TakedownDecided(self.state.value)
        return replace(self, state=decision, decided_at=now, decided_by=by)


def check_notice(notice: Notice) -> None:
    """Raises InvalidTakedown."""
    claimant = notice.claimant
    if not _REFERENCE.fullmatch(notice.reference):
        raise InvalidTakedown("the reference has 20 to 64 of A-Z a-z 0-9 _ -")
    if notice.statement_version != STATEMENT_VERSION:
        raise InvalidTakedown(f"the statement in force is version {STATEMENT_VERSION}")
    if not notice.confirmed:
        raise InvalidTakedown("the statement has to be confirmed")
    _check_text("signed_name", claimant.signed_name, 2, NAME_CHARACTERS_MAX)
    _check_text("contact", claimant.contact, 3, CONTACT_CHARACTERS_MAX)
    _check_text("reason", claimant.reason, 0, REASON_CHARACTERS_MAX, lines=True)
    _check_text("image", claimant.image, 0, IMAGE_CHARACTERS_MAX)


def reference_digest(reference: str) -> str:
    """SHA-256, in hex: a reference is random and long, so nobody can guess one from it."""
    return hashlib.sha256(reference.encode()).hexdigest()


def named_in(text: str) -> tuple[str, str]:
    """(manifest id, image id) that a link or an id names, "" where it names none."""
    manifest = _MANIFEST.search(text)
    rest = text.replace(manifest.group(), "") if manifest else text
    images = _IMAGE.findall(rest)
    return manifest.group() if manifest else "", images[-1] if images else ""


def _check_text(field: str, text: str, least: int, most: int, *, lines: bool = False) -> None:
    """Only what has `lines` may break them: an operator reads a field a line."""
    printable = all(c.isprintable() or (lines and c == "\n") for c in text)
    if not least <= len(text.strip()) or len(text) > most or not printable:
        raise InvalidTakedown(f"{field} has {least} to {most} printable characters")
