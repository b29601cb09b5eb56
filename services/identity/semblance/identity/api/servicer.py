"""IdentityService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.identity.api import messages
from semblance.identity.api.sharing_calls import SharingCalls
from semblance.identity.domain.consent import parse_reason
from semblance.identity.domain.matching import parse_embedding
from semblance.identity.handlers import capture, consents, erasure, faces, left_behind, release
from semblance.identity.ports import Frame, Ports
from semblance.kernel.ids import ConsentId, ErasureId, ReleaseId, ReviewId, SessionId, SubjectId, parse_id


class IdentityServicer(SharingCalls, service_pb2_grpc.IdentityServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def GetNotice(self, request: service_pb2.GetNoticeRequest, context: grpc.ServicerContext) -> service_pb2.Notice:
        """The one notice there is, in English whatever language is asked for."""
        notice = self._ports.notice
        return service_pb2.Notice(version=notice.version, text=notice.text, sha256=notice.sha256)

    def SignRelease(
        self, request: service_pb2.SignReleaseRequest, context: grpc.ServicerContext
    ) -> service_pb2.Release:
        """The written release."""
        command = release.SignRelease(
            subject_id=_subject(request.subject_id),
            notice_sha256=request.notice_sha256,
            adult=request.adult,
            purposes=messages.purposes(request.purposes),
            signed_name=request.signed_name,
        )
        return messages.release(release.sign_release(command, self._ports))

    def CreateSession(
        self, request: service_pb2.CreateSessionRequest, context: grpc.ServicerContext
    ) -> service_pb2.CaptureSession:
        """A challenge and a nonce."""
        command = capture.CreateSession(
            subject_id=_subject(request.subject_id),
            release_id=ReleaseId(parse_id(request.release_id, "release_id")),
            device_id=request.device_id,
        )
        return messages.session(capture.create_session(command, self._ports))

    def SubmitCapture(
        self, request: service_pb2.SubmitCaptureRequest, context: grpc.ServicerContext
    ) -> service_pb2.CaptureSession:
        """One try; some seconds of work."""
        command = capture.SubmitCapture(
            subject_id=_subject(request.subject_id),
            session_id=_session(request.session_id),
            nonce=request.nonce,
            frames=[Frame(f.at_ms, f.jpeg) for f in request.frames],
        )
        return messages.session(capture.submit_capture(command, self._ports))

    def GetSession(
        self, request: service_pb2.GetSessionRequest, context: grpc.ServicerContext
    ) -> service_pb2.CaptureSession:
        """As it stands now."""
        found = capture.get_session(_subject(request.subject_id), _session(request.session_id), self._ports)
        return messages.session(found)

    def GrantConsent(
        self, request: service_pb2.GrantConsentRequest, context: grpc.ServicerContext
    ) -> service_pb2.Consent:
        """A consent for a passed session."""
        command = consents.GrantConsent(
            subject_id=_subject(request.subject_id),
            session_id=_session(request.session_id) if request.session_id or not request.review_id else None,
            purposes=messages.purposes(request.purposes),
            days=request.days,
            review_id=ReviewId(parse_id(request.review_id, "review_id")) if request.review_id else None,
        )
        return messages.consent(consents.grant_consent(command, self._ports))

    def GetConsent(self, request: service_pb2.GetConsentRequest, context: grpc.ServicerContext) -> service_pb2.Consent:
        """One of the person's own."""
        found = consents.get_consent(_subject(request.subject_id), _consent(request.consent_id), self._ports)
        return messages.consent(found)

    def ListConsents(
        self, request: service_pb2.ListConsentsRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListConsentsResponse:
        """All of the person's own, newest first."""
        subject_id = _subject(request.subject_id)
        found = consents.list_consents(subject_id, self._ports)
        again = left_behind.is_left_behind(subject_id, self._ports)
        return service_pb2.ListConsentsResponse(consents=[messages.consent(c) for c in found], opt_in_again=again)

    def RevokeConsent(
        self, request: service_pb2.RevokeConsentRequest, context: grpc.ServicerContext
    ) -> service_pb2.Consent:
        """Take it back; again changes nothing."""
        subject_id, consent_id = _subject(request.subject_id), _consent(request.consent_id)
        reason = parse_reason(request.reason)
        return messages.consent(consents.revoke_consent(subject_id, consent_id, reason, self._ports))

    def MatchFaces(
        self, request: service_pb2.MatchFacesRequest, context: grpc.ServicerContext
    ) -> service_pb2.MatchFacesResponse:
        """Scores for services, never for people."""
        ours = self._ports.recogniser
        embeddings = [parse_embedding(e.values, e.face_model, ours) for e in request.embeddings]
        known = (_consent(request.consent_id), request.consent_revision) if request.consent_id else None
        also = [_subject(each) for each in request.also_depicted_ids]
        subject_id = _subject(request.subject_id)
        found = faces.find_matches(subject_id, embeddings, self._ports, consent=known, also_depicted=also)
        return service_pb2.MatchFacesResponse(
            matches=[messages.match(m) for m in found.faces],
            enrolled=found.enrolled,
            opt_in_again=found.opt_in_again,
            gallery_revision=found.revision,
        )

    def RequestErasure(
        self, request: service_pb2.RequestErasureRequest, context: grpc.ServicerContext
    ) -> service_pb2.Erasure:
        """Begin to forget a person."""
        return messages.erasure(erasure.request_erasure(_subject(request.subject_id), self._ports))

    def GetErasure(self, request: service_pb2.GetErasureRequest, context: grpc.ServicerContext) -> service_pb2.Erasure:
        """How far it is; works after the person is gone."""
        erasure_id = ErasureId(parse_id(request.erasure_id, "erasure_id"))
        return messages.erasure(erasure.get_erasure(erasure_id, self._ports))

    def GetReceiptKeys(
        self, request: service_pb2.GetReceiptKeysRequest, context: grpc.ServicerContext
    ) -> service_pb2.ReceiptKeys:
        """What receipts are checked with."""
        return service_pb2.ReceiptKeys(jwks_json=self._ports.receipts.jwks_json())


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))


def _session(text: str) -> SessionId:
    return SessionId(parse_id(text, "session_id"))


def _consent(text: str) -> ConsentId:
    return ConsentId(parse_id(text, "consent_id"))
