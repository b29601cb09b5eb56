"""IdentityService's calls about sharing: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.identity.v1 import service_pb2 as pb
from semblance.identity.api import sharing_messages as messages
from semblance.identity.domain.errors import InvalidGrant
from semblance.identity.domain.grant import Grant
from semblance.identity.handlers import apps, grant_uses, grant_views, grants, sharing, simulation
from semblance.identity.ports import Ports
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, parse_id
from semblance.kernel.use import parse_use


class SharingCalls:
    """Raises the tree's errors; the server's interceptor maps them."""

    _ports: Ports

    def GetSharing(self, request: pb.GetSharingRequest, context: grpc.ServicerContext) -> pb.Sharing:
        """A person's level and limits."""
        return messages.sharing(sharing.get_sharing(_person(request.subject_id), self._ports))

    def SetSharing(self, request: pb.SetSharingRequest, context: grpc.ServicerContext) -> pb.Sharing:
        """The whole setting."""
        return messages.sharing(sharing.set_sharing(messages.set_sharing(request.sharing), self._ports))

    def AskGrant(self, request: pb.AskGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """A question to a person."""
        command = grants.AskGrant(
            grant_id=_grant(request.grant_id),
            grantee_id=_person(request.grantee_id),
            subject_id=_person(request.subject_id),
            extent=messages.extent(request.scope),
            purpose=request.purpose,
        )
        return self._seen(grants.ask_grant(command, self._ports), command.grantee_id)

    def GiveGrant(self, request: pb.GiveGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """A grant unasked."""
        subject_id = _person(request.subject_id)
        return self._seen(grants.give_grant(messages.give_grant(request, subject_id), self._ports), subject_id)

    def AnswerGrant(self, request: pb.AnswerGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """Yes, so far, or no."""
        subject_id = _person(request.subject_id)
        return self._seen(grants.answer_grant(messages.answer_grant(request, subject_id), self._ports), subject_id)

    def WithdrawGrant(self, request: pb.WithdrawGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """By either side; again changes nothing."""
        caller_id = _person(request.caller_id)
        return self._seen(grants.withdraw_grant(caller_id, _grant(request.grant_id), self._ports), caller_id)

    def GetGrant(self, request: pb.GetGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """One that the caller is party to."""
        found = grant_views.get_grant(_person(request.caller_id), _grant(request.grant_id), self._ports)
        return messages.grant(found)

    def ListGrants(self, request: pb.ListGrantsRequest, context: grpc.ServicerContext) -> pb.ListGrantsResponse:
        """A page, by one side."""
        if bool(request.subject_id) == bool(request.grantee_id):
            raise InvalidGrant("name either the subject or the grantee")
        found, next_after = grant_views.list_grants(
            _person(request.subject_id or request.grantee_id),
            as_grantee=bool(request.grantee_id),
            after=parse_id(request.after, "after") if request.after else "",
            limit=request.limit,
            ports=self._ports,
        )
        return pb.ListGrantsResponse(grants=[messages.grant(each) for each in found], next_after=next_after)

    def UseGrant(self, request: pb.UseGrantRequest, context: grpc.ServicerContext) -> pb.Grant:
        """Count a picture."""
        command = grant_uses.UseGrant(
            grant_id=_grant(request.grant_id),
            grantee_id=_person(request.grantee_id),
            image_id=_image(request.image_id),
            use=parse_use(request.use),
            together=request.together,
        )
        return messages.grant(grant_uses.use_grant(command, self._ports))

    def ReturnGrantUse(self, request: pb.ReturnGrantUseRequest, context: grpc.ServicerContext) -> pb.Grant:
        """Count it no longer."""
        command = grant_uses.UseGrant(
            grant_id=_grant(request.grant_id),
            grantee_id=_person(request.grantee_id),
            image_id=_image(request.image_id),
            use=parse_use(request.use),
        )
        return messages.grant(grant_uses.return_use(command, self._ports, reason_code=request.reason_code))

    def CheckGrant(self, request: pb.CheckGrantRequest, context: grpc.ServicerContext) -> pb.CheckGrantResponse:
        """Would a picture be allowed now?"""
        ids = _person(request.caller_id), _grant(request.grant_id)
        found, against = grant_uses.check_grant(*ids, parse_use(request.use), self._ports, together=request.together)
        return pb.CheckGrantResponse(
            allowed=not against, reasons=messages.reasons(against), grant=messages.grant(found)
        )

    def NameApps(self, request: pb.NameAppsRequest, context: grpc.ServicerContext) -> pb.NameAppsResponse:
        """Who among them is an app."""
        names = apps.name_apps(request.subject_ids, self._ports)
        return pb.NameAppsResponse(apps=[pb.NamedApp(subject_id=id_, name=name) for id_, name in names.items()])

    def SimulateSharing(
        self, request: pb.SimulateSharingRequest, context: grpc.ServicerContext
    ) -> pb.SimulateSharingResponse:
        """A change that does not stay."""
        subject_id = _person(request.subject_id)
        before, after = simulation.simulate(subject_id, _change(request, subject_id), self._ports)
        return pb.SimulateSharingResponse(before=messages.state(before), after=messages.state(after))

    def _seen(self, grant: Grant, caller_id: SubjectId) -> pb.Grant:
        return messages.grant(grant_views.get_grant(caller_id, grant.id, self._ports))


def _change(request: pb.SimulateSharingRequest, subject_id: SubjectId) -> simulation.Change:
    match request.WhichOneof("change"):
        case "sharing":
            request.sharing.subject_id = subject_id
            return messages.set_sharing(request.sharing)
        case "withdraw":
            return simulation.Withdraw(_grant(request.withdraw))
        case "answer":
            return messages.answer_grant(request.answer, subject_id)
        case "give":
            return messages.give_grant(request.give, subject_id)
    raise InvalidGrant("name a change")


def _person(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))


def _grant(text: str) -> ConsentId:
    return ConsentId(parse_id(text, "grant_id"))


def _image(text: str) -> ImageId:
    return ImageId(parse_id(text, "image_id"))
