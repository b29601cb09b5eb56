"""Identity over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semblance.contracts.identity.v1 import receipts_pb2 as receipts_pb
from semblance.contracts.identity.v1 import service_pb2 as pb
from semblance.contracts.identity.v1.receipts_pb2_grpc import ReceiptServiceStub
from semblance.contracts.identity.v1.service_pb2_grpc import IdentityServiceStub
from semblance.contracts.platform.v1.events_pb2 import ErasureRequested
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import (
    CaptureSession,
    ConsentReceipt,
    ErasedItems,
    ErasedList,
    ErasedStore,
    Erasure,
    Frame,
    Notice,
    Release,
    ScreenColour,
)
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import NotFound
from semblance.service_kit.erasing import IsAsked


class GrpcIdentity:
    """See ports.Identity. `channel` comes from service_kit.rpc.connect."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = IdentityServiceStub(channel)
        self._receipts: Any = ReceiptServiceStub(channel)

    def notice(self, language: str) -> Notice:
        answer = self._stub.GetNotice(pb.GetNoticeRequest(language=language))
        return Notice(answer.version, answer.text, answer.sha256)

    def sign_release(
        self, subject_id: str, *, notice_sha256: str, signed_name: str, adult: bool, purposes: Sequence[Purpose]
    ) -> Release:
        answer = self._stub.SignRelease(
            pb.SignReleaseRequest(
                subject_id=subject_id,
                notice_sha256=notice_sha256,
                signed_name=signed_name,
                adult=adult,
                purposes=protos.purpose_numbers(purposes),
            )
        )
        signed_at = protos.instant_or_epoch(answer, "signed_at")
        return Release(answer.release_id, answer.notice_sha256, protos.purposes_of(answer.purposes), signed_at)

    def create_session(self, subject_id: str, *, release_id: str, device_id: str) -> CaptureSession:
        request = pb.CreateSessionRequest(subject_id=subject_id, release_id=release_id, device_id=device_id)
        return _session(self._stub.CreateSession(request))

    def submit_capture(
        self, subject_id: str, session_id: str, *, nonce: str, frames: Sequence[Frame]
    ) -> CaptureSession:
        request = pb.SubmitCaptureRequest(
            subject_id=subject_id,
            session_id=session_id,
            nonce=nonce,
            frames=[pb.CaptureFrame(at_ms=frame.at_ms, jpeg=frame.jpeg) for frame in frames],
        )
        return _session(self._stub.SubmitCapture(request, timeout=protos.SLOW_S))

    def session(self, subject_id: str, session_id: str) -> CaptureSession:
        return _session(self._stub.GetSession(pb.GetSessionRequest(subject_id=subject_id, session_id=session_id)))

    def grant(
        self, subject_id: str, *, session_id: str, purposes: Sequence[Purpose], days: int, review_id: str = ""
    ) -> Consent:
        request = pb.GrantConsentRequest(
            subject_id=subject_id,
            session_id=session_id,
            purposes=protos.purpose_numbers(purposes),
            days=days,
            review_id=review_id,
        )
        return protos.consent(self._stub.GrantConsent(request))

    def consent(self, subject_id: str, consent_id: str) -> Consent:
        request = pb.GetConsentRequest(subject_id=subject_id, consent_id=consent_id)
        return protos.consent(self._stub.GetConsent(request))

    def consents(self, subject_id: str) -> list[Consent]:
        answer = self._stub.ListConsents(pb.ListConsentsRequest(subject_id=subject_id))
        return [protos.consent(consent) for consent in answer.consents]

    def must_opt_in_again(self, subject_id: str) -> bool:
        return bool(self._stub.ListConsents(pb.ListConsentsRequest(subject_id=subject_id)).opt_in_again)

    def revoke(self, subject_id: str, consent_id: str) -> Consent:
        request = pb.RevokeConsentRequest(subject_id=subject_id, consent_id=consent_id, reason="withdrawn")
        return protos.consent(self._stub.RevokeConsent(request))

    def request_erasure(self, subject_id: str) -> Erasure:
        return _erasure(self._stub.RequestErasure(pb.RequestErasureRequest(subject_id=subject_id)))

    def erasure(self, erasure_id: str) -> Erasure:
        return _erasure(self._stub.GetErasure(pb.GetErasureRequest(erasure_id=erasure_id)))

    def erased_items(self, erasure_id: str) -> ErasedItems:
        answer = self._receipts.GetErasedItems(receipts_pb.GetErasedItemsRequest(erasure_id=erasure_id))
        return ErasedItems(
            answer.erasure_id,
            answer.salt,
            tuple(
                ErasedList(s.service, s.store, s.count, s.destroyed_at, tuple(s.items), s.items_root)
                for s in answer.stores
            ),
        )

    def consent_receipt(self, subject_id: str, consent_id: str) -> ConsentReceipt:
        request = receipts_pb.GetConsentReceiptRequest(subject_id=subject_id, consent_id=consent_id)
        answer = self._receipts.GetConsentReceipt(request)
        return ConsentReceipt(
            answer.receipt_json, answer.receipt_jws, answer.credential_jwt, principal_salt=answer.principal_salt
        )

    def receipt_keys(self) -> str:
        keys: str = self._stub.GetReceiptKeys(pb.GetReceiptKeysRequest()).jwks_json
        return keys


def asked_of_identity(channel: Any) -> IsAsked:
    """Whether identity erases that person by that erasure: this service has no key ring to see it in."""
    stub: Any = IdentityServiceStub(channel)

    def is_asked(message: ErasureRequested) -> bool:
        try:
            found = stub.GetErasure(pb.GetErasureRequest(erasure_id=message.erasure_id))
        except NotFound:
            return False
        return bool(found.subject_id == message.subject_id)

    return is_asked


def _session(answer: Any) -> CaptureSession:
    return CaptureSession(
        id=answer.session_id,
        state=protos.word(pb.SessionState, answer.state),
        challenge=tuple(answer.challenge),
        nonce=answer.nonce,
        expires_at=protos.instant_or_epoch(answer, "expires_at"),
        tries_left=answer.tries_left,
        advice=tuple(answer.advice),
        colours=tuple(ScreenColour(c.colour, c.for_ms) for c in answer.colours),
    )


def _erasure(answer: Any) -> Erasure:
    return Erasure(
        id=answer.erasure_id,
        state=answer.state,
        requested_at=protos.instant(answer, "requested_at"),
        completed_at=protos.instant(answer, "completed_at"),
        stores=tuple(ErasedStore(store.service, store.store, store.count) for store in answer.stores),
        waiting_for=tuple(answer.waiting_for),
        receipt_jws=answer.receipt_jws,
    )
