"""What a reader finds in a picture, and what can be said of it now."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from semblance.kernel.consent import Consent
from semblance.kernel.use import Use
from semblance.provenance.domain.claim import day_of
from semblance.provenance.domain.manifest import Match

READING_STOPPED = "asset.readingStopped"
"""Our own code among a reading's failures: it took more time or memory than reading may."""


class ManifestState(enum.Enum):
    """The reader's four answers. VALID is whole but signed by nobody on our list; only TRUSTED means anything."""

    TRUSTED = "Trusted"
    VALID = "Valid"
    INVALID = "Invalid"
    NONE = "None"


class ConsentState(enum.Enum):
    """The consent behind a picture, at the time of asking."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ERASED = "erased"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """A picture's manifest store as read. `signed_here`: the signature holds and chains to our own root, even where
    the pixels were changed afterwards; others choose their manifests' ids freely, and may choose one of ours."""

    state: ManifestState
    manifest_id: str = ""
    manifest_json: str = ""
    failures: tuple[str, ...] = ()
    signed_here: bool = False
    development_signer: bool = False


class PictureState(enum.Enum):
    """What has become here of a picture that was made here."""

    PUBLISHED = "published"
    HIDDEN = "hidden"
    TAKEN_DOWN = "taken-down"
    REMOVED = "removed"
    ERASED = "erased"


@dataclass(frozen=True)
class Standing:
    """The consent behind a picture now. `at`: the day since when it is withdrawn or expired, or until when given."""

    state: ConsentState = ConsentState.UNKNOWN
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Verification:
    """The answer to anybody's question about a picture.

    `match` says which kept manifest it led to, and how; None also where its person was erased (`picture` ERASED).
    `edited`: it was made from another picture of this platform. `people`: how many it shows, whose consents `consent`
    tells the least live of. `altered`: the pixels are no longer those that were
    signed. `borrowed`: the manifest in it is ours and was signed for another picture. `unsure`: a mark or a manifest of
    ours is all that says so, and both can be copied: the pixels differ from those that were signed, or nothing is left
    to compare them with. `not_looked`: why its pixels were not looked at, "" where they were or need not be.
    """

    reading: Reading
    match: Match | None = None
    picture: PictureState | None = None
    consent: Standing = Standing()
    signed_at: dt.datetime | None = None
    use: Use | None = None
    edited: bool = False
    people: int = 1
    altered: bool = False
    borrowed: bool = False
    unsure: bool = False
    not_looked: str = ""

    @property
    def made_here(self) -> bool:
        """Whether this platform made it."""
        return self.picture is not None


def standing(consent: Consent | None, *, up_to_date: bool, now: dt.datetime) -> Standing:
    """`up_to_date` False means that a withdrawal may be waiting: then nothing is called active."""
    if consent is None:
        return Standing()
    if consent.revoked_at is not None:
        return Standing(ConsentState.WITHDRAWN, day_of(consent.revoked_at))
    if now >= consent.expires_at:
        return Standing(ConsentState.EXPIRED, day_of(consent.expires_at))
    return Standing(ConsentState.ACTIVE, day_of(consent.expires_at)) if up_to_date else Standing()


_LIVES = (ConsentState.ERASED, ConsentState.WITHDRAWN, ConsentState.EXPIRED, ConsentState.UNKNOWN, ConsentState.ACTIVE)


def least_live(standings: Sequence[Standing]) -> Standing:
    """Of everybody in a picture: taken back by one is taken back; of two alike the earlier day."""
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    return min(standings, key=lambda each: (_LIVES.index(each.state), each.at or latest))
