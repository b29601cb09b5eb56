"""What a change would do, found out by doing it and taking it back before anybody can see it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.grant import Answer, stands
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers.consents import revoke_in
from semblance.identity.handlers.grant_views import GrantView, view
from semblance.identity.handlers.grants import AnswerGrant, GiveGrant, answer_in, give_in, withdraw_in
from semblance.identity.handlers.sharing import SetSharing, set_in
from semblance.identity.ports import Ports, Store
from semblance.kernel.consent import Consent
from semblance.kernel.ids import ConsentId, SubjectId


@dataclass(frozen=True)
class Withdraw:
    """One of the person's own consents, or a grant."""

    consent_id: ConsentId


Change = SetSharing | AnswerGrant | GiveGrant | Withdraw


@dataclass(frozen=True)
class Standing:
    """What a person's consents and grants allow at one moment; `grants` are those under which pictures can be made."""

    level: Level
    grants: tuple[GrantView, ...]
    own: tuple[Consent, ...]


class _TakenBack(Exception):
    def __init__(self, before: Standing, after: Standing) -> None:
        super().__init__("taken back")
        self.before, self.after = before, after


class _Unsealed:
    """Stands where Seals does: what is never kept need not be sealed, and the person may have no key yet."""

    def __init__(self, ports: Ports) -> None:
        self._seals = ports.seals
        self._made: set[bytes] = set()

    def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes:
        del subject_id, purpose
        self._made.add(data)
        return data

    def open(self, subject_id: str, purpose: str, blob: bytes) -> bytes:
        return blob if blob in self._made else self._seals.open(subject_id, purpose, blob)


def simulate(subject_id: SubjectId, change: Change, ports: Ports) -> tuple[Standing, Standing]:
    """Before and after. Raises what the change itself would raise."""
    ports = dataclasses.replace(ports, seals=_Unsealed(ports))
    make = _maker(subject_id, change, ports)
    try:
        with ports.transactions() as store:
            before = _standing(store, subject_id, ports)
            make(store)
            raise _TakenBack(before, _standing(store, subject_id, ports))
    except _TakenBack as undone:
        return undone.before, undone.after


def _maker(subject_id: SubjectId, change: Change, ports: Ports) -> Callable[[Store], object]:
    match change:
        case SetSharing():
            return lambda store: set_in(store, change, ports)
        case AnswerGrant():
            return lambda store: answer_in(store, change, ports)
        case GiveGrant():
            return lambda store: give_in(store, change, ports)
        case Withdraw(consent_id):
            return lambda store: _withdraw(store, subject_id, consent_id, ports)


def _withdraw(store: Store, subject_id: SubjectId, consent_id: ConsentId, ports: Ports) -> None:
    if store.grants.get(consent_id) is not None:
        withdraw_in(store, subject_id, consent_id, ports)
    else:
        revoke_in(store, subject_id, consent_id, RevocationReason.WITHDRAWN, ports)


def _standing(store: Store, subject_id: SubjectId, ports: Ports) -> Standing:
    now = ports.clock.now()
    level = store.sharing.get(subject_id).level
    allowed = [g for g in store.grants.given_by(subject_id) if g.answer is Answer.ALLOWED]
    views = [view(store, grant, subject_id, ports) for grant in allowed]
    working = tuple(
        v
        for v in views
        if v.state == "allowed" and level.allows(is_app=bool(v.app_name), approved=not v.grant.by_level)
    )
    own = tuple(c for c in store.consents.of_subject(subject_id) if c.grantee_id is None and stands(c, now))
    return Standing(level, working, own)
