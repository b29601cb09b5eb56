"""Counting pictures against a grant, before they are made."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.errors import GrantDoesNotCover, UnknownGrant
from semblance.identity.domain.grant import Grant, Objection, depictable, objections
from semblance.identity.handlers.grant_views import GrantView, view
from semblance.identity.handlers.grants import require_party
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import ConsentExpired, ConsentRevoked
from semblance.kernel.ids import ConsentId, ImageId, SubjectId

_REMEDY = "Look at the grant, and ask the person again if you need more."


@dataclass(frozen=True)
class UseGrant:
    """One picture."""

    grant_id: ConsentId
    grantee_id: SubjectId
    image_id: ImageId


def use_grant(command: UseGrant, ports: Ports) -> GrantView:
    """Count one picture; the same picture again counts once, whatever stands against another one.

    Raises UnknownGrant (also for anybody but the grantee), ConsentRevoked, ConsentExpired, GrantDoesNotCover.
    """
    with ports.transactions() as store:
        found = _of_grantee(store.grants.get(command.grant_id), command.grantee_id)
        store.lock_subject(found.subject_id)  # two pictures at once count one after the other
        grant = _of_grantee(store.grants.get(command.grant_id, lock=True), command.grantee_id)
        counted = store.grants.is_used_for(grant.id, command.image_id)
        against = _against(store, grant, ports, less=1 if counted else 0)
        if against:
            raise _refusal(against[0], grant)
        if not counted:
            store.grants.use(grant.id, command.image_id, ports.clock.now())
        return view(store, grant, command.grantee_id, ports)


def return_use(grant_id: ConsentId, grantee_id: SubjectId, image_id: ImageId, ports: Ports) -> GrantView:
    """The picture was refused before anything was made. Raises UnknownGrant."""
    with ports.transactions() as store:
        grant = _of_grantee(store.grants.get(grant_id, lock=True), grantee_id)
        store.grants.return_use(grant.id, image_id)
        return view(store, grant, grantee_id, ports)


def picture_failed(consent_id: ConsentId, image_id: ImageId, store: Store) -> None:
    """Generation could not make it; if it counted against a grant, it does no longer."""
    store.grants.return_use(consent_id, image_id)


def check_grant(caller_id: SubjectId, grant_id: ConsentId, ports: Ports) -> tuple[GrantView, list[Objection]]:
    """Everything that speaks against one more picture now; nothing is counted. Raises UnknownGrant."""
    with ports.reads() as store:
        grant = require_party(store.grants.get(grant_id), caller_id)
        return view(store, grant, caller_id, ports), _against(store, grant, ports)


def _against(store: Store, grant: Grant, ports: Ports, *, less: int = 0) -> list[Objection]:
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
    return found


def _of_grantee(grant: Grant | None, grantee_id: SubjectId) -> Grant:
    if grant is None or grant.grantee_id != grantee_id:
        raise UnknownGrant
    return grant


def _refusal(objection: Objection, grant: Grant) -> Exception:
    if objection.code == ConsentRevoked.code:
        return ConsentRevoked(grant.id)
    if objection.code == ConsentExpired.code:
        return ConsentExpired(grant.id)
    return GrantDoesNotCover(objection.detail, remedy=_REMEDY, code=objection.code)
