"""The use that a request declares, against what the person allows and denies; and what their log is told."""

from __future__ import annotations

from typing import Any

import pytest

from semblance.contracts.identity.v1 import events_pb2 as pb
from semblance.identity.domain.consent import new_consent
from semblance.identity.domain.errors import GrantDoesNotCover, InvalidGrant, UseNotDeclared
from semblance.identity.domain.grant import Extent
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, grant_uses, grants, sharing
from semblance.identity.handlers.terms import Terms
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentRevoked
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, new_id
from semblance.kernel.use import Use
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


DAY_S = 86_400


def person(desk: Any) -> SubjectId:
    """Somebody with a key and a consent of their own, at the level APPS."""
    subject_id, everything = SubjectId(new_id()), frozenset(Purpose)
    desk.released(subject_id)
    ids = {"consent_id": ConsentId(new_id()), "subject_id": subject_id}
    own = new_consent(**ids, purposes=everything, released=everything, days=0, now=desk.clock.now())
    with desk.ports.transactions() as store:
        store.consents.save(own)
    sharing.set_sharing(sharing.SetSharing(subject_id, Level.APPS, True, 2, ()), desk.ports)
    return subject_id


def ask(desk: Any, *uses: Use) -> Any:
    """A verified app asks a person for five pictures."""
    app_id = SubjectId(new_id())
    apps.verify_app(app_id, f"App {app_id}", desk.ports)
    ids = ConsentId(new_id()), app_id, person(desk)
    return grants.ask_grant(grants.AskGrant(*ids, Extent(5, 30, uses=uses), "cards"), desk.ports)


def allow(desk: Any, question: Any, *denied: str, uses: tuple[Use, ...] = ()) -> Any:
    terms = Terms((), (), denied)
    answer = grants.AnswerGrant(question.id, question.subject_id, Extent(3, 10, uses=uses), terms)
    return grants.answer_grant(answer, desk.ports)


def limited(desk: Any, *denied: str, uses: tuple[Use, ...] = ()) -> Any:
    return allow(desk, ask(desk), *denied, uses=uses)


def draw(desk: Any, grant: Any, what_for: Use | None, image_id: str = "") -> Any:
    command = grant_uses.UseGrant(grant.id, grant.grantee_id, ImageId(image_id or new_id()), what_for)
    return grant_uses.use_grant(command, desk.ports)


def told(desk: Any, kind: type) -> list[Any]:
    return [message for message in testing.emitted(desk.database) if isinstance(message, kind)]


def codes(desk: Any, grant: Any, what_for: Use | None) -> list[str]:
    return [o.code for o in grant_uses.check_grant(grant.grantee_id, grant.id, what_for, desk.ports)[1]]


def test_a_denied_use_is_refused_and_one_must_be_declared(desk: Any) -> None:
    grant = limited(desk, "no advertising", "politics")
    with pytest.raises(UseNotDeclared) as undeclared:
        draw(desk, grant, None)
    assert "greeting-card" in (undeclared.value.remedy or "")
    assert "advertising" not in (undeclared.value.remedy or "")
    for what_for in (Use.ADVERTISING, Use.POLITICAL):
        with pytest.raises(GrantDoesNotCover) as refused:
            draw(desk, grant, what_for)
        assert refused.value.code == "use-denied"
    assert draw(desk, grant, Use.GREETING_CARD).made == 1
    assert (codes(desk, grant, None), codes(desk, grant, Use.DATING)) == (["use-required"], [])
    assert codes(desk, grant, Use.ADVERTISING) == ["use-denied"]


def test_only_the_uses_that_were_allowed(desk: Any) -> None:
    grant = limited(desk, uses=(Use.GREETING_CARD,))
    assert grant.allowed.uses == (Use.GREETING_CARD,)
    assert codes(desk, grant, Use.PERSONAL) == ["use-denied"]
    assert draw(desk, grant, Use.GREETING_CARD).grant.allowed.uses == (Use.GREETING_CARD,)


def test_a_retry_with_another_use_is_judged_too(desk: Any) -> None:
    grant, image_id = limited(desk, "ads"), new_id()
    draw(desk, grant, Use.PERSONAL, image_id)
    with pytest.raises(GrantDoesNotCover):
        draw(desk, grant, Use.ADVERTISING, image_id)


def test_a_grant_without_words_about_uses_needs_none(desk: Any) -> None:
    grant = limited(desk)
    assert draw(desk, grant, None).made == 1
    assert draw(desk, grant, Use.ADVERTISING).made == 2


def test_nothing_is_given_that_nobody_could_use(desk: Any) -> None:
    with pytest.raises(InvalidGrant, match="no use is left"):
        limited(desk, "ads", uses=(Use.ADVERTISING,))


def test_whoever_names_uses_gets_no_others(desk: Any) -> None:
    named = (Use.PERSONAL, Use.GREETING_CARD)
    question = ask(desk, *named)
    with pytest.raises(InvalidGrant, match="not asked for"):
        allow(desk, question, uses=(Use.ADVERTISING,))
    assert allow(desk, question).allowed.uses == named
    assert [list(m.uses) for m in told(desk, pb.GrantAsked)] == [["personal", "greeting-card"]]


def test_the_log_hears_of_question_answer_and_refusals_under_the_apps_name(desk: Any) -> None:
    grant = limited(desk, "ads")
    name = f"App {grant.grantee_id}"
    [asked] = told(desk, pb.GrantAsked)
    [answered] = told(desk, pb.GrantAnswered)
    assert (asked.pictures, asked.days, asked.grantee_name) == (5, 30, name)
    assert (answered.answer, answered.asked_pictures, answered.pictures) == ("allowed", 5, 3)
    [granted] = [m for m in told(desk, pb.ConsentGranted) if m.consent_id == grant.id]
    assert granted.grantee_name == answered.grantee_name == name
    for _ in range(3):  # however often: once a day
        with pytest.raises(GrantDoesNotCover):
            draw(desk, grant, Use.ADVERTISING)
    [refused] = told(desk, pb.PictureRefused)
    assert (refused.reason_code, refused.use, refused.grantee_name) == ("use-denied", "advertising", name)
    assert (refused.subject_id, refused.consent_revision) == (grant.subject_id, 1)
    desk.clock.advance(DAY_S)
    with pytest.raises(GrantDoesNotCover):
        draw(desk, grant, Use.ADVERTISING)
    assert len(told(desk, pb.PictureRefused)) == 2
    assert "ads" not in [use for message in told(desk, pb.GrantAnswered) for use in message.uses]


def test_asking_and_taking_back_in_turn_is_told_once_a_day(desk: Any) -> None:
    first = ask(desk)
    grants.withdraw_grant(first.grantee_id, first.id, desk.ports)
    for _ in range(3):
        again = grants.AskGrant(ConsentId(new_id()), first.grantee_id, first.subject_id, Extent(5, 30), "cards")
        last = grants.ask_grant(again, desk.ports)
        grants.withdraw_grant(last.grantee_id, last.id, desk.ports)
    assert [m.consent_id for m in told(desk, pb.GrantAsked)] == [first.id]
    assert [(m.consent_id, m.answer) for m in told(desk, pb.GrantAnswered)] == [(first.id, "retracted")]
    answered = grants.ask_grant(
        grants.AskGrant(ConsentId(new_id()), first.grantee_id, first.subject_id, Extent(5, 30), "cards"), desk.ports
    )
    grants.withdraw_grant(first.subject_id, answered.id, desk.ports)  # the person's no is told whatever came before
    assert [m.answer for m in told(desk, pb.GrantAnswered)] == ["retracted", "refused"]
    desk.clock.advance(8 * DAY_S)
    grants.ask_grant(
        grants.AskGrant(ConsentId(new_id()), first.grantee_id, first.subject_id, Extent(5, 30), "cards"), desk.ports
    )
    assert len(told(desk, pb.GrantAsked)) == 2


def test_a_no_and_a_withdrawal_are_told_too(desk: Any) -> None:
    question = ask(desk)
    grants.answer_grant(grants.AnswerGrant(question.id, question.subject_id, None), desk.ports)
    assert [m.answer for m in told(desk, pb.GrantAnswered)] == ["refused"]
    grant = limited(desk)
    grants.withdraw_grant(grant.subject_id, grant.id, desk.ports)
    with pytest.raises(ConsentRevoked):
        draw(desk, grant, None)
    [refused] = told(desk, pb.PictureRefused)
    assert (refused.reason_code, refused.consent_revision) == ("consent-revoked", 2)


def test_a_picture_that_the_filter_refused_is_told_when_it_is_given_back(desk: Any) -> None:
    grant, image_id = limited(desk), ImageId(new_id())
    command = grant_uses.UseGrant(grant.id, grant.grantee_id, image_id, Use.PERSONAL)
    for reason in ("prompt-refused", "prompt-refused", "", "No Code"):
        draw(desk, grant, Use.PERSONAL, image_id)
        grant_uses.return_use(command, desk.ports, reason_code=reason)
    grant_uses.return_use(command, desk.ports, reason_code="use-denied")  # nothing was counted any more
    assert [(m.reason_code, m.use) for m in told(desk, pb.PictureRefused)] == [("prompt-refused", "personal")]


def test_an_app_that_loses_its_mark_is_told_by_its_name(desk: Any) -> None:
    grant = limited(desk)
    apps.unverify_app(grant.grantee_id, desk.ports)
    [revoked] = [m for m in told(desk, pb.ConsentRevoked) if m.consent_id == grant.id]
    assert revoked.grantee_name == f"App {grant.grantee_id}"
