"""What a person lets others make: asking, answering, counting, taking back, and what nobody may learn."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters import tables
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.consumers import failed_pictures
from semblance.identity.domain.consent import RevocationReason, new_consent
from semblance.identity.domain.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    AppNameTaken,
    GrantDoesNotCover,
    InvalidGrant,
    LevelTooLow,
    SubjectErased,
    TooManyAsks,
    UnknownApp,
    UnknownConsent,
    UnknownGrant,
)
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, consents, erasure, grant_uses, grant_views, grants, sharing, simulation
from semblance.identity.handlers.restored import CaughtUp, catch_up
from semblance.identity.handlers.retention import forget_unanswered
from semblance.identity.handlers.terms import Terms
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
DAY_S = 86_400
WORDS = "campaign wobblestone"
LIMIT = "no quixotic zeppelins"


def verified(desk: Any) -> tuple[SubjectId, Consent]:
    """A person with a key and a consent of their own, as if they had passed a capture."""
    subject_id = SubjectId(new_id())
    desk.released(subject_id)
    own = new_consent(
        consent_id=ConsentId(new_id()),
        subject_id=subject_id,
        purposes=frozenset(Purpose),
        released=frozenset(Purpose),
        days=0,
        now=desk.clock.now(),
    )
    with desk.ports.transactions() as store:
        store.consents.save(own)
    return subject_id, own


def level(desk: Any, subject_id: SubjectId, to: Level, *limits: str, review: bool = True, pictures: int = 2) -> None:
    sharing.set_sharing(sharing.SetSharing(subject_id, to, review, pictures, limits), desk.ports)


def marked(desk: Any, subject_id: str) -> None:
    """A verified app, under a name of its own."""
    with contextlib.suppress(SubjectErased):
        apps.verify_app(SubjectId(subject_id), f"App {subject_id}", desk.ports)


def ask(desk: Any, subject_id: str, grantee_id: str, *, app: bool = True, pictures: int = 5, **more: Any) -> Any:
    if app:
        marked(desk, grantee_id)
    command = grants.AskGrant(
        grant_id=ConsentId(more.pop("grant_id", new_id())),
        grantee_id=SubjectId(grantee_id),
        subject_id=SubjectId(subject_id),
        extent=Extent(pictures, more.pop("days", 30)),
        purpose=more.pop("purpose", WORDS),
    )
    return grants.ask_grant(command, desk.ports)


def allow(desk: Any, grant: Any, extent: Extent | None = None, *, terms: Terms | None = None) -> Any:
    extent = extent or Extent(3, 10)
    command = grants.AnswerGrant(grant.id, grant.subject_id, extent, terms or Terms((LIMIT,)))
    return grants.answer_grant(command, desk.ports)


def refuse(desk: Any, grant: Any) -> Any:
    return grants.answer_grant(grants.AnswerGrant(grant.id, grant.subject_id, None), desk.ports)


def use(desk: Any, grant: Any, image_id: str | None = None, *, by: str | None = None) -> Any:
    command = grant_uses.UseGrant(grant.id, SubjectId(by or grant.grantee_id), ImageId(image_id or new_id()))
    return grant_uses.use_grant(command, desk.ports)


def seen(desk: Any, grant: Any, by: str | None = None) -> Any:
    return grant_views.get_grant(SubjectId(by or grant.grantee_id), grant.id, desk.ports)


def events(desk: Any, kind: type) -> list[Any]:
    return [m for m in testing.emitted(desk.database) if isinstance(m, kind) and m.state.grantee_id]


def shared(desk: Any, *, app: bool = True) -> tuple[SubjectId, SubjectId, Any]:
    """A person at the level APPS, a grantee, and a grant of three pictures."""
    subject_id, _ = verified(desk)
    grantee_id = SubjectId(new_id())
    level(desk, subject_id, Level.APPS)
    return subject_id, grantee_id, allow(desk, ask(desk, subject_id, grantee_id, app=app))


def rows(desk: Any) -> dict[str, list[str]]:
    with desk.database.read() as session:
        return {t.name: sorted(map(repr, session.execute(sa.select(t)))) for t in tables.metadata.sorted_tables}


def test_asked_for_five_allowed_three_and_not_a_fourth(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    [granted] = events(desk, events_pb2.ConsentGranted)
    assert (granted.consent_id, granted.state.grantee_id) == (grant.id, grantee_id)
    assert list(granted.state.purposes) == [events_pb2.PURPOSE_GENERATE]
    first = new_id()
    for image_id in (first, first, new_id(), new_id()):  # the same picture counts once
        used = use(desk, grant, image_id)
    assert (used.made, used.terms.limits, used.grant.subject_id) == (3, (LIMIT,), subject_id)
    with pytest.raises(GrantDoesNotCover) as refused:
        use(desk, grant)
    assert refused.value.code == "grant-used-up"
    assert use(desk, grant, first).made == 3
    [objection] = grant_uses.check_grant(grantee_id, grant.id, None, desk.ports)[1]
    assert objection.code == "grant-used-up"


def test_no_more_than_was_asked_for_and_only_once(desk: Any) -> None:
    subject_id, _ = verified(desk)
    level(desk, subject_id, Level.APPS)
    question = ask(desk, subject_id, new_id())
    for extent in (Extent(6, 30), Extent(5, 31), Extent(0, 30), Extent(5, 0)):
        with pytest.raises(InvalidGrant):
            allow(desk, question, extent)
    allow(desk, question)
    for again in (allow, refuse):
        with pytest.raises(AlreadyAnswered):
            again(desk, question)


def test_nobody_else_can_use_see_answer_or_withdraw_it(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    for stranger in (new_id(), subject_id):
        with pytest.raises(UnknownGrant):
            use(desk, grant, by=stranger)
    stranger = SubjectId(new_id())
    for call in (
        lambda: seen(desk, grant, stranger),
        lambda: grants.withdraw_grant(stranger, grant.id, desk.ports),
        lambda: grants.answer_grant(grants.AnswerGrant(grant.id, stranger, None), desk.ports),
        lambda: grants.answer_grant(grants.AnswerGrant(grant.id, grantee_id, Extent(3, 10)), desk.ports),
        lambda: grant_uses.return_use(grant_uses.UseGrant(grant.id, stranger, ImageId(new_id())), desk.ports),
        lambda: grant_uses.check_grant(stranger, grant.id, None, desk.ports),
        lambda: ask(desk, subject_id, stranger, grant_id=grant.id),
    ):
        with pytest.raises(UnknownGrant):
            call()
    with pytest.raises(UnknownConsent):  # the grantee cannot revoke it as their own consent
        consents.revoke_consent(grantee_id, grant.id, RevocationReason.WITHDRAWN, desk.ports)
    assert grant_views.list_grants(stranger, as_grantee=True, after="", limit=0, ports=desk.ports) == ([], "")


def test_a_grant_covers_the_grantees_pictures_and_nothing_else(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    consent = consents.get_consent(subject_id, grant.id, desk.ports)
    now = desk.clock.now()
    consent.require(subject_id=subject_id, purpose=Purpose.GENERATE, now=now, grantee_id=grantee_id)
    for purpose, who in ((Purpose.GENERATE, None), (Purpose.TRAIN, grantee_id), (Purpose.PHOTOS, None)):
        with pytest.raises(ConsentMissing):
            consent.require(subject_id=subject_id, purpose=purpose, now=now, grantee_id=who)
    assert grant.id not in [c.id for c in consents.list_consents(subject_id, desk.ports)]


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


def test_a_level_decides_who_and_lowering_it_stops_everything_at_once(desk: Any) -> None:
    subject_id, _ = verified(desk)
    app, friend = ask(desk, subject_id, new_id()), ask(desk, subject_id, new_id(), app=False)
    for question in (app, friend):
        with pytest.raises(LevelTooLow):
            allow(desk, question)
    level(desk, subject_id, Level.PEOPLE)
    with pytest.raises(LevelTooLow):
        allow(desk, app)
    allow(desk, friend)
    level(desk, subject_id, Level.APPS)
    allow(desk, app)
    assert events(desk, events_pb2.ConsentRevoked) == []
    level(desk, subject_id, Level.PEOPLE)
    assert [m.consent_id for m in events(desk, events_pb2.ConsentRevoked)] == [app.id]
    use(desk, friend)
    level(desk, subject_id, Level.ONLY_ME)
    assert {m.consent_id for m in events(desk, events_pb2.ConsentRevoked)} == {app.id, friend.id}
    level(desk, subject_id, Level.APPS)  # up again brings nothing back
    for grant in (app, friend):
        with pytest.raises(ConsentRevoked):
            use(desk, grant)


def test_lowering_the_level_returns_when_the_broker_knows(desk: Any) -> None:
    subject_id, app, grant = shared(desk)
    told: list[str] = []
    desk.ports = dataclasses.replace(desk.ports, told=told.append)
    level(desk, subject_id, Level.APPS)
    assert told == []
    level(desk, subject_id, Level.ONLY_ME)
    level(desk, subject_id, Level.ONLY_ME)
    assert told == [grant.id]
    level(desk, subject_id, Level.APPS)
    again = allow(desk, ask(desk, subject_id, app))
    apps.unverify_app(app, desk.ports)
    assert told == [grant.id, again.id]


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


def test_a_mark_counts_as_of_now(desk: Any) -> None:
    subject_id, app, grant = shared(desk)
    with desk.ports.transactions() as store:  # as if its grants had not ended with the mark
        store.apps.remove(app)
    with pytest.raises(GrantDoesNotCover) as refused:
        use(desk, grant)
    assert refused.value.code == "app-not-verified"
    _, friend, theirs = shared(desk, app=False)
    level(desk, theirs.subject_id, Level.PEOPLE)
    use(desk, theirs)
    marked(desk, friend)  # an app now, which the level does not let in
    with pytest.raises(GrantDoesNotCover) as refused:
        use(desk, theirs)
    assert refused.value.code == "level-too-low"
    assert subject_id != theirs.subject_id


def test_two_apps_never_look_the_same(desk: Any) -> None:
    one, other = SubjectId(new_id()), SubjectId(new_id())
    apps.verify_app(one, "Photo Booth", desk.ports)
    with pytest.raises(AppNameTaken):
        apps.verify_app(other, " PHOTO booth ", desk.ports)
    apps.verify_app(one, "Photo Booth 2", desk.ports)
    apps.verify_app(other, "Photo Booth", desk.ports)
    assert [app.name for app in apps.list_apps(desk.ports)] == ["Photo Booth", "Photo Booth 2"]
    assert apps.name_apps([one, new_id()], desk.ports) == {one: "Photo Booth 2"}
    for wrong in ("", "x" * 61, "a\nb"):
        with pytest.raises(InvalidGrant):
            apps.verify_app(one, wrong, desk.ports)


def test_everyone_needs_no_answer_and_is_bounded(desk: Any) -> None:
    subject_id, _ = verified(desk)
    level(desk, subject_id, Level.EVERYONE, LIMIT, pictures=2)
    asker = new_id()
    grant = ask(desk, subject_id, asker, app=False)
    view = seen(desk, grant)
    assert (view.state, view.grant.by_level, view.grant.allowed) == ("allowed", True, Extent(2, 30, review=True))
    assert view.general_limits == (LIMIT,)
    for _ in range(2):
        use(desk, grant)
    more = ask(desk, subject_id, asker, app=False)
    assert seen(desk, more).state == "asked"  # one at a time, or the bound would be none
    level(desk, subject_id, Level.APPS)  # nobody approved it
    with pytest.raises(ConsentRevoked):
        use(desk, grant)


def test_the_asker_learns_nothing_before_the_answer(desk: Any) -> None:
    asker = SubjectId(new_id())
    real, _ = verified(desk)
    gone, _ = verified(desk)
    nobody = SubjectId(new_id())
    asked = {who: ask(desk, who, asker) for who in (real, gone, nobody)}
    erasure.request_erasure(gone, desk.ports)
    testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
    views = [seen(desk, grant) for grant in asked.values()]
    for view in views:
        assert (view.state, view.known_subject, view.made, view.consent) == ("asked", False, 0, None)
    for who in asked:
        with pytest.raises(AlreadyAsked):
            ask(desk, who, asker)
    listed, _ = grant_views.list_grants(asker, as_grantee=True, after="", limit=0, ports=desk.ports)
    assert [view.state for view in listed] == ["asked"] * 3
    desk.clock.advance(31 * DAY_S)
    assert {seen(desk, grant).state for grant in asked.values()} == {"lapsed"}
    with pytest.raises(AlreadyAnswered):
        refuse(desk, asked[real])
    desk.clock.advance(31 * DAY_S)
    assert forget_unanswered(desk.ports) == 3


def test_a_full_inbox_looks_like_any_other(desk: Any) -> None:
    desk.with_rules(sharing=dataclasses.replace(desk.ports.rules.sharing, open_asks_to_one=1))
    subject_id, _ = verified(desk)
    ask(desk, subject_id, new_id())
    late = SubjectId(new_id())
    unheard = ask(desk, subject_id, late)
    assert seen(desk, unheard).state == "asked"
    with pytest.raises(AlreadyAsked):
        ask(desk, subject_id, late)
    heard, _ = grant_views.list_grants(subject_id, as_grantee=False, after="", limit=0, ports=desk.ports)
    assert len(heard) == 1


def test_asking_has_limits(desk: Any) -> None:
    desk.with_rules(sharing=dataclasses.replace(desk.ports.rules.sharing, open_asks=2))
    subject_id, _ = verified(desk)
    asker = SubjectId(new_id())
    refused = ask(desk, subject_id, asker)
    refuse(desk, refused)
    with pytest.raises(TooManyAsks) as pause:
        ask(desk, subject_id, asker)
    assert 0 < pause.value.retry_after_s <= 7 * DAY_S + 1
    desk.clock.advance(8 * DAY_S)
    again = ask(desk, subject_id, asker)
    assert ask(desk, subject_id, asker, grant_id=again.id) == again  # a retry asks nothing twice
    ask(desk, new_id(), asker)
    with pytest.raises(TooManyAsks):
        ask(desk, new_id(), asker)
    grants.withdraw_grant(asker, again.id, desk.ports)
    assert seen(desk, again).state == "withdrawn"
    ask(desk, new_id(), asker)
    for wrong in ({"purpose": ""}, {"purpose": "x" * 501}, {"purpose": "a\nb"}, {"pictures": 1001}, {"days": 366}):
        with pytest.raises(InvalidGrant):
            ask(desk, new_id(), new_id(), **wrong)
    with pytest.raises(InvalidGrant):
        ask(desk, subject_id, subject_id)


def test_only_a_verified_person_can_let_others(desk: Any) -> None:
    subject_id = SubjectId(new_id())
    level(desk, subject_id, Level.APPS)
    question = ask(desk, subject_id, new_id())
    with pytest.raises(ConsentMissing):
        allow(desk, question)
    level(desk, subject_id, Level.EVERYONE)
    assert seen(desk, ask(desk, subject_id, new_id())).state == "asked"


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


def test_a_picture_that_was_never_made_is_given_back(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    first, second = ImageId(new_id()), ImageId(new_id())
    use(desk, grant, first)
    use(desk, grant, second)
    for _ in range(2):
        assert grant_uses.return_use(grant_uses.UseGrant(grant.id, grantee_id, first), desk.ports).made == 1
    failed = generation_pb.ImageFailed(
        subject_id=subject_id, consent_id=grant.id, consent_revision=1, image_id=second, reason_code="internal"
    )
    told = testing.deliver(failed_pictures(desk.store_of), desk.database, failed)
    assert (told, seen(desk, grant).made) == (["handled", "duplicate"], 0)


def test_two_at_once_count_two(desk: Any) -> None:
    _, _, grant = shared(desk)
    outcomes: list[str] = []

    def one() -> None:
        try:
            use(desk, grant)
            outcomes.append("counted")
        except GrantDoesNotCover as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["counted"] * 3 + ["grant-used-up"] * 3
    assert seen(desk, grant).made == 3


def test_free_words_rest_sealed_and_are_in_no_event(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    level(desk, subject_id, Level.APPS, LIMIT)
    for who in (subject_id, grantee_id):
        view = seen(desk, grant, who)
        assert (view.purpose, view.terms.limits, view.general_limits) == (WORDS, (LIMIT,), (LIMIT,))
    kept = repr(rows(desk)) + repr(testing.emitted(desk.database))
    assert WORDS not in kept
    assert LIMIT not in kept
    assert LIMIT not in repr(view)
    assert sharing.get_sharing(subject_id, desk.ports).limits == (LIMIT,)


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


CHANGES = {
    "a lower level": lambda s, g, q: sharing.SetSharing(s, Level.ONLY_ME, True, 2, (LIMIT,)),
    "a withdrawal": lambda s, g, q: simulation.Withdraw(g.id),
    "the last own consent": lambda s, g, q: None,
    "an answer": lambda s, g, q: grants.AnswerGrant(q.id, s, Extent(1, 1), Terms((LIMIT,))),
    "a gift": lambda s, g, q: grants.GiveGrant(ConsentId(new_id()), s, SubjectId(new_id()), Extent(1, 1), Terms()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_simulation_tells_and_changes_nothing(desk: Any, what: str) -> None:
    subject_id, _, grant = shared(desk)
    question = ask(desk, subject_id, new_id())
    [own] = consents.list_consents(subject_id, desk.ports)
    change = CHANGES[what](subject_id, grant, question) or simulation.Withdraw(own.id)
    kept, told = rows(desk), testing.emitted(desk.database)
    before, after = simulation.simulate(subject_id, change, desk.ports)
    assert rows(desk) == kept
    assert testing.emitted(desk.database) == told
    assert ([v.grant.id for v in before.grants], len(before.own)) == ([grant.id], 1)
    left = {"a lower level": 0, "a withdrawal": 0, "the last own consent": 0, "an answer": 2, "a gift": 2}[what]
    assert len(after.grants) == left
    assert len(after.own) == (0 if what == "the last own consent" else 1)
    assert use(desk, grant).made == 1  # it still stands


def test_a_simulation_is_refused_as_the_change_would_be(desk: Any) -> None:
    subject_id, grantee_id, grant = shared(desk)
    with pytest.raises(InvalidGrant):
        simulation.simulate(subject_id, sharing.SetSharing(subject_id, Level.APPS, True, 0, ()), desk.ports)
    with pytest.raises(UnknownConsent):
        simulation.simulate(subject_id, simulation.Withdraw(ConsentId(new_id())), desk.ports)
    stranger = SubjectId(new_id())
    with pytest.raises(UnknownGrant):
        simulation.simulate(stranger, simulation.Withdraw(grant.id), desk.ports)
    assert seen(desk, grant, grantee_id).state == "allowed"
