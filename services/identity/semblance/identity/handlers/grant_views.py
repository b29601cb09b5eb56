"""Grants as the person and the grantee see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from semblance.identity.domain.grant import Answer, Grant
from semblance.identity.handlers.grants import require_party
from semblance.identity.handlers.terms import Terms, open_limits, open_purpose, open_terms
from semblance.identity.ports import Ports, Store
from semblance.kernel.consent import Consent
from semblance.kernel.errors import Gone
from semblance.kernel.ids import ConsentId, SubjectId

DEFAULT_PAGE: Final = 20
MAX_PAGE: Final = 100


@dataclass(frozen=True)
class GrantView:
    """`known_subject` is False for an asker whom nobody has answered: then the person is not named."""

    grant: Grant
    state: str
    consent: Consent | None
    made: int
    known_subject: bool
    app_name: str
    purpose: str = field(repr=False)
    terms: Terms = field(default_factory=Terms)
    general_limits: tuple[str, ...] = field(default=(), repr=False)


def get_grant(caller_id: SubjectId, grant_id: ConsentId, ports: Ports) -> GrantView:
    """Raises UnknownGrant."""
    with ports.reads() as store:
        return view(store, require_party(store.grants.get(grant_id), caller_id), caller_id, ports)


def list_grants(
    caller_id: SubjectId, *, as_grantee: bool, after: str, limit: int, ports: Ports
) -> tuple[list[GrantView], str]:
    """A page, newest first, and what to pass as `after` for the next one (empty: this was the last)."""
    size = min(max(limit, 1), MAX_PAGE) if limit else DEFAULT_PAGE
    with ports.reads() as store:
        read = store.grants.asked_by if as_grantee else store.grants.given_by
        found = read(caller_id, after=after, limit=size + 1)
        views = [view(store, grant, caller_id, ports) for grant in found[:size]]
    return views, found[size - 1].id if len(found) > size else ""


def view(store: Store, grant: Grant, caller_id: SubjectId, ports: Ports) -> GrantView:
    """Of a grant that the caller is party to."""
    consent = store.consents.get(grant.id)
    state = grant.state(consent, ports.clock.now())
    answered = grant.answer is Answer.ALLOWED
    try:
        terms, general_limits = _words(store, grant, ports)
    except Gone:  # the person's key went a moment ago; their consents did before it
        if state == "allowed":
            raise
        terms, general_limits = Terms(), ()
    return GrantView(
        grant=grant,
        state=state,
        consent=consent,
        made=store.grants.uses(grant.id),
        app_name=app.name if (app := store.apps.get(grant.grantee_id)) is not None else "",
        known_subject=caller_id == grant.subject_id or answered,
        purpose=open_purpose(grant.grantee_id, grant.sealed_purpose, ports),
        terms=terms,
        general_limits=general_limits if answered else (),
    )


def _words(store: Store, grant: Grant, ports: Ports) -> tuple[Terms, tuple[str, ...]]:
    sealed_limits = store.sharing.get(grant.subject_id).sealed_limits
    terms = open_terms(grant.subject_id, grant.sealed_terms, ports)
    return terms, open_limits(grant.subject_id, sealed_limits, ports)
