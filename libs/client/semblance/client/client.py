"""The platform's public API as Python: typed answers, patient calls, errors that say what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from semblance.client.audit_calls import AuditCalls
from semblance.client.calls import SLOW_S
from semblance.client.errors import StillRunning
from semblance.client.follow import follow
from semblance.client.image_calls import ImageCalls
from semblance.client.models import (
    Account,
    CaptureFrame,
    CaptureSession,
    Consent,
    ConsentAnswer,
    Erasure,
    Job,
    JobEvent,
    Notice,
    Release,
    Token,
)
from semblance.client.photo_calls import PhotoCalls
from semblance.client.receipt_calls import ReceiptCalls
from semblance.client.register_calls import RegisterCalls
from semblance.client.session_calls import SessionCalls
from semblance.client.sharing import SharingCalls
from semblance.client.takedown_calls import TakedownCalls
from semblance.client.transport import Transport
from semblance.kernel.ids import new_id

DEFAULT_URL = "http://127.0.0.1:8080"
EVERY_PURPOSE = ("photos", "train", "generate")


class Client(
    AuditCalls, ImageCalls, PhotoCalls, ReceiptCalls, RegisterCalls, SessionCalls, SharingCalls, TakedownCalls
):
    """One account at one platform. Not shared between threads; use it as a context manager or close() it.

    Every method raises ApiError when the platform refuses and Unreachable when it does not answer. Creates carry an
    Idempotency-Key, so they are safe to repeat; give `key` to make a call safe across processes as well.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(
            Transport(base_url, token, timeout_s=timeout_s, retries=retries, transport=transport, pause=pause)
        )

    @property
    def base_url(self) -> str:
        """Where the platform is."""
        return self._transport.base_url

    @property
    def token(self) -> str | None:
        """The access token in use. Secret."""
        return self._transport.token

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # accounts

    def create_account(self, handle: str, password: str, *, key: str | None = None) -> Account:
        """A new account; sign_in() afterwards."""
        return self._create(Account, "/v1/accounts", {"handle": handle, "password": password}, key)

    def sign_in(self, handle: str, password: str) -> Token:
        """Get a token for an hour and use it from now on."""
        form = {"grant_type": "password", "username": handle, "password": password}
        token = Token.model_validate_json(self._transport.call("POST", "/v1/token", data=form).content)
        self._transport.token = token.access_token
        return token

    def me(self) -> Account:
        """The account that the token names."""
        return self._get(Account, "/v1/me")

    # opting in

    def notice(self, language: str = "en") -> Notice:
        """What to read before anything is captured."""
        return self._get(Notice, "/v1/notice", language=language)

    def sign_release(
        self,
        notice_sha256: str,
        signed_name: str,
        *,
        adult: bool,
        purposes: Sequence[str] = EVERY_PURPOSE,
        key: str | None = None,
    ) -> Release:
        """Sign the written release for the notice of that digest."""
        body = {
            "notice_sha256": notice_sha256,
            "signed_name": signed_name,
            "adult": adult,
            "purposes": list(purposes),
        }
        return self._create(Release, "/v1/releases", body, key)

    def create_capture_session(
        self, release_id: str, device_id: str | None = None, *, key: str | None = None
    ) -> CaptureSession:
        """Begin a capture; the answer says what to do before the camera and which colours to show meanwhile."""
        body = {"release_id": release_id, "device_id": device_id or new_id()}
        return self._create(CaptureSession, "/v1/capture-sessions", body, key)

    def capture_session(self, session_id: str) -> CaptureSession:
        """How a capture stands."""
        return self._get(CaptureSession, f"/v1/capture-sessions/{session_id}")

    def submit_capture(self, session: CaptureSession, frames: Sequence[CaptureFrame]) -> CaptureSession:
        """Send the frames (JPEG, rising times, 16 MiB together). Not repeated by itself: tries are counted."""
        response = self._transport.call(
            "POST",
            f"/v1/capture-sessions/{session.id}/capture",
            repeat=False,
            data={"nonce": session.nonce, "times_ms": json.dumps([frame.at_ms for frame in frames])},
            files=[("frames", ("frame.jpg", frame.jpeg, "image/jpeg")) for frame in frames],
            timeout=SLOW_S,
        )
        return CaptureSession.model_validate_json(response.content)

    def grant_consent(
        self, session_id: str, purposes: Sequence[str] = EVERY_PURPOSE, days: int = 365, *, key: str | None = None
    ) -> Consent:
        """Consent on the strength of a capture that succeeded."""
        body = {"session_id": session_id, "purposes": list(purposes), "days": days}
        return self._create(Consent, "/v1/consents", body, key)

    def opt_in(
        self,
        signed_name: str,
        capture: Callable[[CaptureSession], Sequence[CaptureFrame]],
        *,
        adult: bool,
        purposes: Sequence[str] = EVERY_PURPOSE,
        days: int = 365,
        device_id: str | None = None,
    ) -> Consent:
        """Release, capture and consent in one go. `capture` films what `session.challenge` asks for while the screen
        shows `session.colours`; both are new in every try.

        A capture that did not convince is tried again while tries are left; then ApiError (the grant's refusal).
        """
        notice = self.notice()
        release = self.sign_release(notice.sha256, signed_name, adult=adult, purposes=purposes)
        session = self.create_capture_session(release.id, device_id)
        while session.state in {"created", "in_progress"} and session.tries_left > 0:
            session = self.submit_capture(session, capture(session))
        return self.grant_consent(session.id, purposes, days)

    def consents(self) -> Iterator[Consent]:
        """Every consent given, newest first."""
        return self._list(Consent, "/v1/consents")

    def consent(self, consent_id: str) -> Consent:
        """One consent."""
        return self._get(Consent, f"/v1/consents/{consent_id}")

    def revoke_consent(self, consent_id: str) -> Consent:
        """Take it back: work stops, adapters made under it are destroyed."""
        return Consent.model_validate_json(self._transport.call("POST", f"/v1/consents/{consent_id}/revoke").content)

    def check_consent(self, consent_id: str, purpose: str) -> ConsentAnswer:
        """Would a request be allowed now? Nothing happens."""
        body = {"consent_id": consent_id, "purpose": purpose}
        return ConsentAnswer.model_validate_json(self._transport.call("POST", "/v1/consents/check", json=body).content)

    # jobs and erasure

    def jobs(self) -> Iterator[Job]:
        """Photos, adapters and images on their way or done, newest first."""
        return self._list(Job, "/v1/jobs")

    def job(self, job_id: str) -> Job:
        """One job."""
        return self._get(Job, f"/v1/jobs/{job_id}")

    def follow(self, job_id: str, *, after: int = 0, timeout_s: float | None = None) -> Iterator[JobEvent]:
        """Every event once until the job ends, through restarts. Raises StillRunning when `timeout_s` is over."""
        return follow(self._transport, job_id, after=after, timeout_s=timeout_s)

    def wait(
        self, job_id: str, *, timeout_s: float | None = None, on_event: Callable[[JobEvent], None] | None = None
    ) -> Job:
        """Wait for the end, whatever it is: look at the job's `state`. Raises StillRunning."""
        for event in self.follow(job_id, timeout_s=timeout_s):
            if on_event is not None:
                on_event(event)
        return self.job(job_id)

    def erase(self, password: str | None = None) -> Erasure:
        """Be forgotten everywhere. Cannot be undone; only the erasure and its receipt can be asked for afterwards.

        The account's password goes with it: a token is not enough. None for an erasure that has begun, and for people
        of an identity provider, who sign in there a moment before.
        """
        wish = {} if password is None else {"password": password}
        return Erasure.model_validate_json(self._transport.call("POST", "/v1/erasures", json=wish).content)

    def erasure(self, erasure_id: str) -> Erasure:
        """How far an erasure is."""
        return self._get(Erasure, f"/v1/erasures/{erasure_id}")

    def receipt(self, erasure_id: str) -> str:
        """The signed receipt, a compact JWS. Raises ApiError (erasure-in-progress) before the end."""
        return self._transport.get(f"/v1/erasures/{erasure_id}/receipt").text

    def receipt_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set that receipts are checked with; needs no account."""
        keys: dict[str, Any] = self._transport.get("/.well-known/receipt-keys.json").json()
        return keys

    def wait_erased(self, erasure_id: str, *, timeout_s: float = 60.0) -> Erasure:
        """Wait until every service has erased. Raises StillRunning, which names whom it waits for."""
        end_s = time.monotonic() + timeout_s
        attempt = 0
        while True:
            erasure = self.erasure(erasure_id)
            if erasure.state == "completed":
                return erasure
            if time.monotonic() >= end_s:
                others = ", ".join(erasure.waiting_for) or "its end"
                raise StillRunning(erasure_id, timeout_s, f"It goes on and waits for {others}; ask again.")
            attempt += 1
            self._transport.wait(min(attempt, 3))
