"""Sharing, as identity answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semblance.contracts.identity.v1 import service_pb2 as pb
from semblance.contracts.identity.v1.service_pb2_grpc import IdentityServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.sharing import (
    Answer,
    Gift,
    Grant,
    NewLevel,
    Reason,
    Scope,
    Sharing,
    SharingChange,
    Standing,
    Withdrawal,
)
from semblance.gateway.domain.things import Page
from semblance.kernel.ids import new_id


class GrpcSharing:
    """See ports.Sharings. `channel` comes from service_kit.rpc.connect."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = IdentityServiceStub(channel)

    def setting(self, subject_id: str) -> Sharing:
        return _sharing(self._stub.GetSharing(pb.GetSharingRequest(subject_id=subject_id)))

    def set(self, subject_id: str, sharing: Sharing) -> Sharing:
        return _sharing(self._stub.SetSharing(pb.SetSharingRequest(sharing=_of_sharing(subject_id, sharing))))

    def ask(self, grantee_id: str, *, subject_id: str, grant_id: str, purpose: str, scope: Scope) -> Grant:
        request = pb.AskGrantRequest(
            grantee_id=grantee_id, subject_id=subject_id, grant_id=grant_id, purpose=purpose, scope=_of_scope(scope)
        )
        return _grant(self._stub.AskGrant(request))

    def give(self, subject_id: str, *, grantee_id: str, grant_id: str, scope: Scope) -> Grant:
        return _grant(self._stub.GiveGrant(_of_gift(subject_id, Gift(grantee_id, scope), grant_id)))

    def answer(self, subject_id: str, grant_id: str, scope: Scope | None) -> Grant:
        request = pb.AnswerGrantRequest(subject_id=subject_id, grant_id=grant_id, allow=scope is not None)
        if scope is not None:
            request.scope.CopyFrom(_of_scope(scope))
        return _grant(self._stub.AnswerGrant(request))

    def withdraw(self, caller_id: str, grant_id: str) -> Grant:
        return _grant(self._stub.WithdrawGrant(pb.WithdrawGrantRequest(caller_id=caller_id, grant_id=grant_id)))

    def grant(self, caller_id: str, grant_id: str) -> Grant:
        return _grant(self._stub.GetGrant(pb.GetGrantRequest(caller_id=caller_id, grant_id=grant_id)))

    def grants(self, caller_id: str, *, as_grantee: bool, after: str | None, limit: int) -> Page[Grant]:
        whose = {"grantee_id": caller_id} if as_grantee else {"subject_id": caller_id}
        answer = self._stub.ListGrants(pb.ListGrantsRequest(**whose, after=after or "", limit=limit))
        return Page(tuple(_grant(each) for each in answer.grants), answer.next_after or None)

    def use(self, grantee_id: str, grant_id: str, image_id: str, *, use: str = "", together: bool = False) -> Grant:
        ids = {"grant_id": grant_id, "grantee_id": grantee_id, "image_id": image_id}
        request = pb.UseGrantRequest(**ids, use=use, together=together)
        return _grant(self._stub.UseGrant(request))

    def return_use(
        self, grantee_id: str, grant_id: str, image_id: str, *, reason_code: str = "", use: str = ""
    ) -> None:
        ids = {"grant_id": grant_id, "grantee_id": grantee_id, "image_id": image_id}
        request = pb.ReturnGrantUseRequest(**ids, reason_code=reason_code, use=use)
        self._stub.ReturnGrantUse(request)

    def check(
        self, caller_id: str, grant_id: str, *, use: str = "", together: bool = False
    ) -> tuple[Grant, tuple[Reason, ...]]:
        request = pb.CheckGrantRequest(caller_id=caller_id, grant_id=grant_id, use=use, together=together)
        answer = self._stub.CheckGrant(request)
        return _grant(answer.grant), tuple(Reason(reason.code, reason.detail) for reason in answer.reasons)

    def app_names(self, subject_ids: Sequence[str]) -> dict[str, str]:
        named = self._stub.NameApps(pb.NameAppsRequest(subject_ids=subject_ids)).apps
        return {app.subject_id: app.name for app in named}

    def simulate(self, subject_id: str, change: SharingChange) -> tuple[Standing, Standing]:
        request = pb.SimulateSharingRequest(subject_id=subject_id)
        match change:
            case NewLevel(sharing):
                request.sharing.CopyFrom(_of_sharing(subject_id, sharing))
            case Withdrawal(id_):
                request.withdraw = id_
            case Answer(grant_id, scope):
                request.answer.CopyFrom(
                    pb.AnswerGrantRequest(subject_id=subject_id, grant_id=grant_id, allow=True, scope=_of_scope(scope))
                )
            case Gift():
                request.give.CopyFrom(_of_gift(subject_id, change, new_id()))
        answer = self._stub.SimulateSharing(request)
        return _standing(answer.before), _standing(answer.after)


def _of_sharing(subject_id: str, value: Sharing) -> pb.Sharing:
    return pb.Sharing(
        subject_id=subject_id, level=value.level, limits=value.limits, review=value.review, pictures=value.pictures
    )


def _of_scope(value: Scope) -> pb.GrantScope:
    return pb.GrantScope(
        pictures=value.pictures,
        days=value.days,
        review=value.review,
        limits=value.limits,
        denied_styles=value.denied_styles,
        denied_uses=value.denied_uses,
        allowed_uses=value.allowed_uses,
        together=value.together,
    )


def _of_gift(subject_id: str, gift: Gift, grant_id: str) -> pb.GiveGrantRequest:
    return pb.GiveGrantRequest(
        subject_id=subject_id, grantee_id=gift.grantee_id, grant_id=grant_id, scope=_of_scope(gift.scope)
    )


def _sharing(answer: Any) -> Sharing:
    return Sharing(answer.level, answer.review, answer.pictures, tuple(answer.limits))


def _scope(answer: Any, field: str) -> Scope | None:
    if not answer.HasField(field):
        return None
    scope = getattr(answer, field)
    return Scope(
        scope.pictures,
        scope.days,
        scope.review,
        tuple(scope.limits),
        tuple(scope.denied_styles),
        tuple(scope.denied_uses),
        tuple(scope.allowed_uses),
        scope.together,
    )


def _grant(answer: Any) -> Grant:
    return Grant(
        id=answer.grant_id,
        subject_id=answer.subject_id or None,
        grantee_id=answer.grantee_id,
        app_name=answer.grantee_name,
        state=answer.state,
        asked=_scope(answer, "asked"),
        allowed=_scope(answer, "allowed"),
        pictures_made=answer.pictures_made,
        by_level=answer.by_level,
        asked_at=protos.instant_or_epoch(answer, "asked_at"),
        answered_at=protos.instant(answer, "answered_at"),
        expires_at=protos.instant(answer, "expires_at"),
        purpose=answer.purpose,
        general_limits=tuple(answer.general_limits),
    )


def _standing(answer: Any) -> Standing:
    return Standing(
        level=answer.level,
        grants=tuple(_grant(grant) for grant in answer.standing),
        own_consents=tuple(answer.own_consents),
        own_purposes=protos.purposes_of(answer.own_purposes),
    )
