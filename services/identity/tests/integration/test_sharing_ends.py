"""How a grant ends, and that nothing goes on under it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import Any

import pytest

from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import (
    GrantDoesNotCover,
    SubjectErased,
    UnknownApp,
    UnknownGrant,
)
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, consents, erasure, grants
from semblance.identity.handlers.restored import CaughtUp, catch_up
from semblance.identity.handlers.terms import Terms
from semblance.identity.testing.sharing import (
    DAY_S,
    LIMIT,
    allow,
    ask,
    events,
    level,
    rows,
    seen,
    shared,
    use,
    verified,
)
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentExpired, ConsentRevoked
from semblance.kernel.ids import ConsentId, SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


@pytest.mark.parametrize("withdraw", ["by the person", "by the grantee", "as a consent"])
def test_withdrawing_is_one_call(desk: Any, withdraw: str) -> None:
    subject_id, grantee_id, grant = shared(desk)
    calls = {
        "by the person": lambda: grants.withdraw_grant(subject_id, grant.id, desk.ports),
        "by the grantee": lambda: grants.withdraw_grant(grantee_id, grant.id, desk.ports),
        "as a consent": lambda: consents.revoke_consent(subject_id, grant.id, RevocationReason.WITHDRAWN, desk.ports),
    }
    for _ in range(2):
        calls[withdraw]()
    [revoked] = events(desk, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.state.grantee_id) == (grant.id, grantee_id)
    with pytest.raises(ConsentRevoked):
        use(desk, grant)
    assert seen(desk, grant).state == "withdrawn"


def test_it_ends_by_itself_and_never_after_the_persons_own_consent(desk: Any) -> None:
    subject_id, own = verified(desk)
    level(desk, subject_id, Level.PEOPLE)
    friend = SubjectId(new_id())
    given = grants.give_grant(
        grants.GiveGrant(ConsentId(new_id()), subject_id, friend, Extent(1, 365), Terms()), desk.ports
    )
    assert seen(desk, given).consent.expires_at == own.expires_at
    desk.clock.advance(181 * DAY_S)
    with pytest.raises(ConsentExpired):
        use(desk, given)
    assert seen(desk, given).state == "expired"


def test_an_app_that_loses_its_mark_loses_its_grants(desk: Any) -> None:
    _, app, grant = shared(desk)
    _, friend, theirs = shared(desk, app=False)
    assert (use(desk, grant).app_name, use(desk, theirs).app_name) == (f"App {app}", "")
    for account in (app, friend):
        with contextlib.suppress(UnknownApp):
            apps.unverify_app(account, desk.ports)
    [revoked] = events(desk, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.reason) == (grant.id, "operator")
    with pytest.raises(ConsentRevoked):
        use(desk, grant)
    use(desk, theirs)
    with pytest.raises(UnknownApp):
        apps.unverify_app(app, desk.ports)


def test_with_the_last_own_consent_every_grant_ends(desk: Any) -> None:
    subject_id, _, grant = shared(desk)
    [own] = consents.list_consents(subject_id, desk.ports)
    consents.revoke_consent(subject_id, own.id, RevocationReason.WITHDRAWN, desk.ports)
    assert [m.consent_id for m in events(desk, events_pb2.ConsentRevoked)] == [grant.id]
    with pytest.raises(ConsentRevoked):
        use(desk, grant)


def test_a_grant_does_not_outlive_the_last_own_consent(desk: Any) -> None:
    """The longer of two was withdrawn, the shorter one ends by itself: no event tells of that."""
    subject_id, longer = verified(desk)
    shorter = dataclasses.replace(longer, id=ConsentId(new_id()), expires_at=desk.clock.now() + dt.timedelta(days=5))
    with desk.ports.transactions() as store:
        store.consents.save(shorter)
    level(desk, subject_id, Level.APPS)
    grant = allow(desk, ask(desk, subject_id, new_id()))
    consents.revoke_consent(subject_id, longer.id, RevocationReason.WITHDRAWN, desk.ports)
    assert use(desk, grant).made == 1
    desk.clock.advance(6 * DAY_S)
    with pytest.raises(ConsentExpired):
        use(desk, grant)


@pytest.mark.parametrize("who", ["subject", "grantee"])
def test_erasure_takes_it_all_and_counts_it(desk: Any, who: str) -> None:
    subject_id, grantee_id, grant = shared(desk)
    level(desk, subject_id, Level.APPS, LIMIT)
    for _ in range(3):
        use(desk, grant)
    with pytest.raises(GrantDoesNotCover):
        use(desk, grant)
    erased, other = (subject_id, grantee_id) if who == "subject" else (grantee_id, subject_id)
    begun = erasure.request_erasure(erased, desk.ports)
    [revoked] = events(desk, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.reason) == (grant.id, "erasure")
    testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
    kept = rows(desk)
    assert not [name for name, found in kept.items() if name != "erasures" and erased in repr(found)]
    assert (kept["grants"], kept["grant_uses"], len(kept["apps"])) == ([], [], 1 if who == "subject" else 0)
    assert kept["grant_refusals"] == []
    with pytest.raises(UnknownGrant):
        seen(desk, grant, other)
    told = [m for m in testing.emitted(desk.database) if type(m).__name__ == "ServiceErased"]
    counted = {s.store: s.count for s in told[0].stores}
    stores = ("database:grants", "database:grant_uses", "database:grant_refusals")
    assert [counted[store] for store in stores] == [1, 3, 1]
    assert counted["database:sharing" if who == "subject" else "database:grant_consents"] == 1
    assert begun.subject_id == erased
    with pytest.raises(SubjectErased):
        ask(desk, new_id(), erased)


def test_a_grant_that_a_backup_lost_ends(desk: Any) -> None:
    view = testing.FakeConsentView(desk.clock)
    lost = view.grant(new_id(), purposes=frozenset({Purpose.GENERATE}), grantee_id=new_id())
    assert catch_up(view.known(), desk.ports) == CaughtUp(unheard=1)
    [revoked] = events(desk, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.consent_revision) == (lost.id, 2)
