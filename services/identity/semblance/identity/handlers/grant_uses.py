"""Counting pictures against a grant, before they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from semblance.identity.domain.errors import GrantDoesNotCover, UnknownGrant, UseNotDeclared
from semblance.identity.domain.events import PictureRefused
from semblance.identity.domain.grant import Grant, Objection, depictable, objections, together_objection, use_objection
from semblance.identity.handlers.apps_named import name_of
from semblance.identity.handlers.grant_views import GrantView, view
from semblance.identity.handlers.grants import require_party
from semblance.identity.handlers.terms import open_terms
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import ConsentExpired, ConsentRevoked
from semblance.kernel.ids import ConsentId, ImageId, SubjectId
from semblance.kernel.use import REQUIRED, Use

_REMEDY = "Look at the grant, and ask the person again if you need more."
_CODE: Final = re.compile(r"[a-z][a-z-]{0,39}")


@dataclass(frozen=True)
class UseGrant:
    """One picture. together: it shows others as well."""

    grant_id: ConsentId
    grantee_id: SubjectId
    image_id: ImageId
    use: Use | None = None
    together: bool = False


def use_grant(command: UseGrant, ports: Ports) -> GrantView:
    """Count one picture; the same picture again counts once, whatever stands against another one.

    A refusal goes into the person's log. Raises UnknownGrant (also for anybody but the grantee), ConsentRevoked,
    ConsentExpired, UseNotDeclared, GrantDoesNotCover.
    """
    with ports.transactions() as store:
        found = _of_grantee(store.grants.get(command.grant_id), command.grantee_id)
        store.lock_subject(found.subject_id)  # two pictures at once count one after the other
        grant = _of_grantee(store.grants.get(command.grant_id, lock=True), command.grantee_id)
        counted = store.grants.is_used_for(grant.id, command.image_id)
        against = _against(store, grant, ports, command.use, together=command.together, less=1 if counted else 0)
        if not against:
            if not counted:
                store.grants.use(grant.id, command.image_id, ports.clock.now())
            return view(store, grant, command.grantee_id, ports)
        _tell(store, grant, against[0].code, command.use, ports)  # committed, unlike anything else of this request
    raise _refusal(against[0], grant)


def return_use(command: UseGrant, ports: Ports, *, reason_code: str = "") -> GrantView:
    """The picture was refused before anything was made; a reason goes into the person's log. Raises UnknownGrant."""
    with ports.transactions() as store:
        grant = _of_grantee(store.grants.get(command.grant_id, lock=True), command.grantee_id)
        returned = store.grants.return_use(grant.id, command.image_id)
        if returned and _CODE.fullmatch(reason_code):
            _tell(store, grant, reason_code, command.use, ports)
        return view(store, grant, command.grantee_id, ports)


def picture_failed(consent_id: ConsentId, image_id: ImageId, store: Store) -> None:
    """Generation could not make it; if it counted against a grant, it does no longer."""
    store.grants.return_use(consent_id, image_id)


def check_grant(
    caller_id: SubjectId, grant_id: ConsentId, use: Use | None, ports: Ports, *, together: bool = False
) -> tuple[GrantView, list[Objection]]:
    """Everything that speaks against one more picture now; nothing is counted. Raises UnknownGrant."""
    with ports.reads() as store:
        grant = require_party(store.grants.get(grant_id), caller_id)
        return view(store, grant, caller_id, ports), _against(store, grant, ports, use, together=together)


def _against(
    store: Store, grant: Grant, ports: Ports, use: Use | None, *, together: bool, less: int = 0
) -> list[Objection]:
    now = ports.clock.now()
    found = objections(
        grant,
        store.consents.get(grant.id),
        level=store.sharing.get(grant.subject_id).level,
        made=store.grants.uses(grant.id) - less,
        is_app=store.apps.get(grant.grantee_id) is not None,
        now=now,
    )
    # The grant ends no later than the longest of the person's own consents did when it was given; that one may have
    # been withdrawn since, and a shorter one ended by itself.
    if not found and not depictable(store.consents.of_subject(grant.subject_id), now):
        found = [Objection(ConsentExpired.code, "the person's own consent to pictures has ended")]
    if grant.state(store.consents.get(grant.id), now) == "allowed":
        denied = open_terms(grant.subject_id, grant.sealed_terms, ports).denied_uses
        against_use = use_objection(grant, use, denied)
        against_others = together_objection(grant) if together else None
        found += [each for each in (against_use, against_others) if each is not None]
    return found


def _tell(store: Store, grant: Grant, reason_code: str, use: Use | None, ports: Ports) -> None:
    """An entry in the person's log, the same once a day: whoever asks and asks must not fill it."""
    today = ports.clock.now().date().isoformat()
    if not store.grants.tell_refusal(grant.id, today, reason_code, use.value if use else ""):
        return
    consent = store.consents.get(grant.id)
    revision = consent.revision if consent is not None else 0
    store.publish(PictureRefused(grant, name_of(store, grant.grantee_id), revision, reason_code, use))


def _of_grantee(grant: Grant | None, grantee_id: SubjectId) -> Grant:
    if grant is None or grant.grantee_id != grantee_id:
        raise UnknownGrant
    return grant


def _refusal(objection: Objection, grant: Grant) -> Exception:
    if objection.code == ConsentRevoked.code:
        return ConsentRevoked(grant.id)
    if objection.code == ConsentExpired.code:
        return ConsentExpired(grant.id)
    if objection.code == REQUIRED:
        return UseNotDeclared(objection.detail, remedy=objection.remedy)
    return GrantDoesNotCover(objection.detail, remedy=objection.remedy or _REMEDY, code=objection.code)
