"""Sharing between protobuf and the domain."""

from __future__ import annotations

from collections.abc import Iterable

from semblance.contracts.identity.v1 import events_pb2, service_pb2
from semblance.identity.api.messages import stamp
from semblance.identity.domain.grant import Answer, Extent, Objection
from semblance.identity.domain.sharing import parse_level
from semblance.identity.handlers.grant_views import GrantView
from semblance.identity.handlers.grants import AnswerGrant, GiveGrant
from semblance.identity.handlers.sharing import SetSharing, SharingView
from semblance.identity.handlers.simulation import Standing
from semblance.identity.handlers.terms import Terms
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import ConsentId, SubjectId, parse_id
from semblance.kernel.use import parse_uses

_PURPOSES = {
    Purpose.PHOTOS: events_pb2.PURPOSE_PHOTOS,
    Purpose.TRAIN: events_pb2.PURPOSE_TRAIN,
    Purpose.GENERATE: events_pb2.PURPOSE_GENERATE,
}


def set_sharing(value: service_pb2.Sharing) -> SetSharing:
    """Raises InvalidGrant."""
    return SetSharing(
        subject_id=SubjectId(parse_id(value.subject_id, "subject_id")),
        level=parse_level(value.level),
        review=value.review,
        pictures=value.pictures,
        limits=tuple(value.limits),
    )


def extent(value: service_pb2.GrantScope) -> Extent:
    """Numbers are not checked yet. Raises Invalid for an unknown use."""
    return Extent(value.pictures, value.days, value.review, parse_uses(value.allowed_uses), value.together)


def terms(value: service_pb2.GrantScope) -> Terms:
    """Not checked yet."""
    return Terms(tuple(value.limits), tuple(value.denied_styles), tuple(value.denied_uses))


def answer_grant(value: service_pb2.AnswerGrantRequest, subject_id: SubjectId) -> AnswerGrant:
    """What the person says."""
    return AnswerGrant(
        grant_id=ConsentId(parse_id(value.grant_id, "grant_id")),
        subject_id=subject_id,
        extent=extent(value.scope) if value.allow else None,
        terms=terms(value.scope),
    )


def give_grant(value: service_pb2.GiveGrantRequest, subject_id: SubjectId) -> GiveGrant:
    """What the person gives."""
    return GiveGrant(
        grant_id=ConsentId(parse_id(value.grant_id, "grant_id")),
        subject_id=subject_id,
        grantee_id=SubjectId(parse_id(value.grantee_id, "grantee_id")),
        extent=extent(value.scope),
        terms=terms(value.scope),
    )


def sharing(value: SharingView) -> service_pb2.Sharing:
    """With the person's own words."""
    return service_pb2.Sharing(
        subject_id=value.sharing.subject_id,
        level=value.sharing.level.value,
        limits=value.limits,
        review=value.sharing.review,
        pictures=value.sharing.pictures,
    )


def grant(value: GrantView) -> service_pb2.Grant:
    """As the caller may see it."""
    it = value.grant
    message = service_pb2.Grant(
        grant_id=it.id,
        subject_id=it.subject_id if value.known_subject else "",
        grantee_id=it.grantee_id,
        grantee_is_app=bool(value.app_name),
        state=value.state,
        purpose=value.purpose,
        pictures_made=value.made,
        asked_at=stamp(it.asked_at),
        answered_at=stamp(it.answered_at),
        expires_at=stamp(value.consent.expires_at) if value.consent and it.answer is Answer.ALLOWED else None,
        by_level=it.by_level,
        general_limits=value.general_limits,
        grantee_name=value.app_name,
    )
    if it.asked is not None:
        message.asked.CopyFrom(_scope(it.asked, Terms()))
    if it.allowed is not None:
        message.allowed.CopyFrom(_scope(it.allowed, value.terms))
    return message


def reasons(found: Iterable[Objection]) -> list[service_pb2.Reason]:
    """For machines and for people."""
    return [service_pb2.Reason(code=each.code, detail=_told(each)) for each in found]


def _told(objection: Objection) -> str:
    return f"{objection.detail}. {objection.remedy}" if objection.remedy else objection.detail


def state(value: Standing) -> service_pb2.SharingState:
    """What stands."""
    purposes = {purpose for consent in value.own for purpose in consent.purposes}
    return service_pb2.SharingState(
        level=value.level.value,
        standing=[grant(each) for each in value.grants],
        own_consents=[consent.id for consent in value.own],
        own_purposes=[_PURPOSES[purpose] for purpose in sorted(purposes, key=lambda p: p.value)],
    )


def _scope(of: Extent, words: Terms) -> service_pb2.GrantScope:
    return service_pb2.GrantScope(
        pictures=of.pictures,
        days=of.days,
        review=of.review,
        limits=words.limits,
        denied_styles=words.denied_styles,
        denied_uses=words.denied_uses,
        allowed_uses=[use.value for use in of.uses],
        together=of.together,
    )
