"""The written release, before anything is captured."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.errors import SubjectErased
from semblance.identity.domain.release import Release, check_release
from semblance.identity.handlers.standing import enter
from semblance.identity.ports import Ports
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Gone
from semblance.kernel.ids import ReleaseId, SubjectId, new_id

NAME_PURPOSE = "release-name"
"""What a signature is sealed for."""


@dataclass(frozen=True)
class SignRelease:
    """A person signs. `repr` leaves the name out."""

    subject_id: SubjectId
    notice_sha256: str
    adult: bool
    purposes: frozenset[Purpose]
    signed_name: str

    def __repr__(self) -> str:
        return f"SignRelease(subject_id={self.subject_id!r})"


def sign_release(command: SignRelease, ports: Ports) -> Release:
    """Make the person's data key, seal the signature, keep the release. Raises AdultsOnly, NoticeChanged,
    InvalidRelease, SubjectErased."""
    name = check_release(
        notice=ports.notice,
        notice_sha256=command.notice_sha256,
        signed_name=command.signed_name,
        adult=command.adult,
        purposes=command.purposes,
    )
    try:
        ports.keys.create(command.subject_id)
        sealed = ports.seals.seal(command.subject_id, NAME_PURPOSE, name.encode())
    except Gone as e:
        raise SubjectErased from e
    release = Release(
        id=ReleaseId(new_id()),
        subject_id=command.subject_id,
        notice_version=ports.notice.version,
        notice_sha256=ports.notice.sha256,
        purposes=command.purposes,
        sealed_name=sealed,
        signed_at=ports.clock.now(),
    )
    with ports.transactions() as store:
        enter(store, command.subject_id, ports)
        store.releases.add(release)
    return release
