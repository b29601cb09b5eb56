"""Who may ask at which level, how often, and what an asker learns."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.domain.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    AppNameTaken,
    GrantDoesNotCover,
    InvalidGrant,
    LevelTooLow,
    TooManyAsks,
)
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, erasure, grant_views, grants
from semblance.identity.handlers.retention import forget_unanswered
from semblance.identity.testing.sharing import (
    DAY_S,
    LIMIT,
    allow,
    ask,
    events,
    level,
    marked,
    refuse,
    seen,
    shared,
    use,
    verified,
)
from semblance.kernel.errors import ConsentMissing, ConsentRevoked
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


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
    for alike in (" PHOTO booth ", "\uff30hoto Booth"):  # a full-width P
        with pytest.raises(AppNameTaken):
            apps.verify_app(other, alike, desk.ports)
    apps.verify_app(one, "Photo Booth 2", desk.ports)
    apps.verify_app(other, "Photo Booth", desk.ports)
    assert [app.name for app in apps.list_apps(desk.ports)] == ["Photo Booth", "Photo Booth 2"]
    assert apps.name_apps([one, new_id()], desk.ports) == {one: "Photo Booth 2"}
    for wrong in ("", "x" * 61, "a\nb", "Photo \u0412ooth"):  # a Cyrillic B
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
