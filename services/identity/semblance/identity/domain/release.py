"""The written release: read the notice, be an adult, sign, name the purposes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from semblance.identity.domain.errors import AdultsOnly, InvalidRelease, NoticeChanged
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import ReleaseId, SubjectId

NAME_MAX_CHARACTERS = 200


@dataclass(frozen=True)
class Notice:
    """What a person reads before anything is captured; `sha256` is of the UTF-8 text."""

    version: str
    language: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Release:
    """A signed release. `sealed_name` is the signature, sealed under the person's key."""

    id: ReleaseId
    subject_id: SubjectId
    notice_version: str
    notice_sha256: str
    purposes: frozenset[Purpose]
    sealed_name: bytes
    signed_at: dt.datetime


def check_release(
    *, notice: Notice, notice_sha256: str, signed_name: str, adult: bool, purposes: frozenset[Purpose]
) -> str:
    """The name to seal, trimmed. Raises AdultsOnly, NoticeChanged or InvalidRelease."""
    if not adult:
        raise AdultsOnly
    if notice_sha256 != notice.sha256:
        raise NoticeChanged
    name = signed_name.strip()
    if not 1 <= len(name) <= NAME_MAX_CHARACTERS or not name.isprintable():
        raise InvalidRelease(f"the signature must be a name of 1 to {NAME_MAX_CHARACTERS} printable characters")
    if not purposes:
        raise InvalidRelease("the release names no purpose", remedy="Name at least one of: photos, train, generate.")
    return name
