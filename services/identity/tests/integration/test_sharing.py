"""What a person lets others make: answering, counting, what it covers, and what a change would do."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.consumers import failed_pictures
from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import (
    AlreadyAnswered,
    GrantDoesNotCover,
    InvalidGrant,
    UnknownConsent,
    UnknownGrant,
)
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import consents, grant_uses, grant_views, grants, sharing, simulation
from semblance.identity.handlers.terms import Terms
from semblance.identity.testing.sharing import (
    LIMIT,
    WORDS,
    allow,
    ask,
    events,
    level,
    refuse,
    rows,
    seen,
    shared,
    use,
    verified,
)
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentMissing
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


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


def test_pictures_together_are_covered_where_they_were_asked_for_and_allowed(desk: Any) -> None:
    subject_id, _ = verified(desk)
    level(desk, subject_id, Level.APPS)

    def granted(*, asked: bool, allowed: bool) -> Any:
        extent = Extent(5, 30, together=asked)
        question = grants.AskGrant(ConsentId(new_id()), SubjectId(new_id()), subject_id, extent, "cards")
        return allow(desk, grants.ask_grant(question, desk.ports), Extent(3, 10, together=allowed))

    with pytest.raises(InvalidGrant):
        granted(asked=False, allowed=True)
    for allowed in (True, False):
        grant = granted(asked=True, allowed=allowed)
        picture = grant_uses.UseGrant(grant.id, grant.grantee_id, ImageId(new_id()), together=True)
        check = grant_uses.check_grant(grant.grantee_id, grant.id, None, desk.ports, together=True)[1]
        assert [objection.code for objection in check] == ([] if allowed else ["not-together"])
        if allowed:
            assert grant_uses.use_grant(picture, desk.ports).made == 1
            failed = generation_pb.ImageFailed(subject_id=new_id(), consent_id=new_id(), image_id=picture.image_id)
            failed.further_subjects.add(subject_id=subject_id, consent_id=grant.id)
            testing.deliver(failed_pictures(desk.store_of), desk.database, failed)
        else:
            with pytest.raises(GrantDoesNotCover):
                grant_uses.use_grant(picture, desk.ports)
            assert grant_uses.use_grant(replace(picture, together=False), desk.ports).made == 1, "alone it is covered"
            grant_uses.return_use(picture, desk.ports)
        assert seen(desk, grant).made == 0


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
