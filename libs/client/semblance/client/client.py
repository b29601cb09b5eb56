"""The platform's public API as Python: typed answers, patient calls, errors that say what to do."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from semblance.client.audit_calls import AuditCalls
from semblance.client.errors import DamagedContent, StillRunning
from semblance.client.files import content_of, file_part
from semblance.client.follow import follow
from semblance.client.models import (
    Account,
    Adapter,
    CaptureFrame,
    CaptureSession,
    Consent,
    ConsentAnswer,
    Content,
    Erasure,
    Image,
    Job,
    JobEvent,
    Manifest,
    Notice,
    Page,
    Person,
    Photo,
    PhotoScore,
    Release,
    Token,
    Upload,
    Variations,
    Verification,
)
from semblance.client.receipt_calls import ReceiptCalls
from semblance.client.register_calls import RegisterCalls
from semblance.client.sharing import SharingCalls
from semblance.client.takedown_calls import TakedownCalls
from semblance.client.transport import Transport
from semblance.kernel.ids import new_id

DEFAULT_URL = "http://127.0.0.1:8080"
EVERY_PURPOSE = ("photos", "train", "generate")
_SLOW_S = 120.0


class Client(AuditCalls, ReceiptCalls, RegisterCalls, SharingCalls, TakedownCalls):
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
            timeout=_SLOW_S,
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

    # photos and people

    def upload_photo(
        self, consent_id: str, photo: Path | bytes, *, content_type: str | None = None, key: str | None = None
    ) -> Photo:
        """Send one photo (at most 25 MiB); the file's name stays here. Follow its job to learn the verdict."""
        data, content_type = file_part(photo, content_type)
        response = self._transport.create(
            "/v1/photos",
            key=key,
            data={"consent_id": consent_id},
            files={"photo": ("photo", data, content_type)},
            timeout=_SLOW_S,
        )
        return Photo.model_validate_json(response.content)

    def create_upload(self, consent_id: str, content_type: str, size_bytes: int, *, key: str | None = None) -> Upload:
        """A short-lived URL to PUT a photo's bytes to; complete_upload() afterwards."""
        body = {"consent_id": consent_id, "content_type": content_type, "size_bytes": size_bytes}
        return self._create(Upload, "/v1/photo-uploads", body, key)

    def complete_upload(self, photo_id: str) -> Photo:
        """The bytes are there: have them checked."""
        return Photo.model_validate_json(self._transport.call("POST", f"/v1/photo-uploads/{photo_id}/complete").content)

    def photos(self) -> Iterator[Photo]:
        """The account's photos."""
        return self._list(Photo, "/v1/photos")

    def photo(self, photo_id: str) -> Photo:
        """One photo."""
        return self._get(Photo, f"/v1/photos/{photo_id}")

    def score_photos(self, consent_id: str) -> PhotoScore:
        """How good the accepted photos are to learn from; the consent must cover training. Trains nothing."""
        response = self._transport.get("/v1/photos/score", consent_id=consent_id)
        return PhotoScore.model_validate_json(response.content)

    def photo_content(self, photo_id: str) -> Content:
        """The photo as it is kept: upright, without metadata."""
        return content_of(self._transport.get(f"/v1/photos/{photo_id}/content"))

    def remove_photo(self, photo_id: str) -> None:
        """Take it back; its bytes are destroyed."""
        self._transport.call("DELETE", f"/v1/photos/{photo_id}")

    def people(self) -> Iterator[Person]:
        """Who appears in the photos, as groups of faces."""
        return self._list(Person, "/v1/people")

    def name_person(self, person_id: str, name: str) -> Person:
        """A name that only this account sees."""
        return self._change(Person, "PATCH", f"/v1/people/{person_id}", {"name": name})

    def merge_people(self, into_person_id: str, from_person_id: str) -> Person:
        """Two groups are one person."""
        body = {"from_person_id": from_person_id}
        return self._change(Person, "POST", f"/v1/people/{into_person_id}/merge", body)

    def split_person(self, person_id: str, face_ids: Sequence[str], *, key: str | None = None) -> Person:
        """Some faces are somebody else; the new person."""
        return self._create(Person, f"/v1/people/{person_id}/split", {"face_ids": list(face_ids)}, key)

    def undo_people_change(self) -> list[Person]:
        """Take back the latest naming, merge or split; the people as they are now."""
        response = self._transport.call("POST", "/v1/people/undo", repeat=False)
        return Page[Person].model_validate_json(response.content).items

    # adapters and images

    def train_adapter(self, consent_id: str, name: str = "me", *, key: str | None = None) -> Adapter:
        """Queue a training on the accepted photos; wait() for the adapter's id."""
        return self._create(Adapter, "/v1/adapters", {"consent_id": consent_id, "name": name}, key)

    def adapters(self) -> Iterator[Adapter]:
        """The account's adapters."""
        return self._list(Adapter, "/v1/adapters")

    def adapter(self, adapter_id: str) -> Adapter:
        """One adapter."""
        return self._get(Adapter, f"/v1/adapters/{adapter_id}")

    def remove_adapter(self, adapter_id: str) -> Adapter:
        """Cancel a training, or destroy an adapter."""
        return self._delete(Adapter, f"/v1/adapters/{adapter_id}")

    def create_image(
        self,
        adapter_id: str,
        prompt: str,
        *,
        consent_id: str | None = None,
        negative_prompt: str = "",
        seed: int | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        likeness_scale: float | None = None,
        use: str | None = None,
        key: str | None = None,
    ) -> Image:
        """Queue a picture; wait() for the image's id. None leaves a number to the platform. `use`: a word of
        semblance.kernel.use, signed into the picture."""
        asked: dict[str, Any] = {
            "adapter_id": adapter_id,
            "prompt": prompt,
            "consent_id": consent_id,
            "negative_prompt": negative_prompt,
            "seed": seed,
            "steps": steps,
            "guidance_scale": guidance_scale,
            "likeness_scale": likeness_scale,
            "use": use,
        }
        return self._create(Image, "/v1/images", {k: v for k, v in asked.items() if v is not None}, key)

    def edit_image(
        self,
        image_id: str,
        prompt: str,
        *,
        strength: float | None = None,
        keep: str = "nothing",
        key: str | None = None,
        **numbers: Any,
    ) -> Image:
        """Queue an edit of a published image; wait() for the new image's id. keep: "nothing", "face" or "background";
        strength: more than 0, at most 1. numbers: seed, steps, negative_prompt, use, ... as for create_image."""
        asked = {"prompt": prompt, "strength": strength, "keep": keep, **numbers}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return self._create(Image, f"/v1/images/{image_id}/edits", wanted, key)

    def vary_image(
        self,
        image_id: str,
        n: int = 1,
        *,
        strength: float | None = None,
        use: str | None = None,
        key: str | None = None,
    ) -> list[Image]:
        """Queue up to four images like a published one; wait() for each."""
        asked = {"n": n, "strength": strength, "use": use}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return self._create(Variations, f"/v1/images/{image_id}/variations", wanted, key).items

    def images(self) -> Iterator[Image]:
        """The account's images."""
        return self._list(Image, "/v1/images")

    def image(self, image_id: str) -> Image:
        """One image's state."""
        return self._get(Image, f"/v1/images/{image_id}")

    def image_content(self, image_id: str) -> Content:
        """The signed bytes. Raises DamagedContent when they are not what the platform signed."""
        content = content_of(self._transport.get(f"/v1/images/{image_id}/content"))
        if hashlib.sha256(content.data).hexdigest() != content.sha256:
            raise DamagedContent("the image arrived damaged")
        return content

    def image_manifest(self, image_id: str) -> Manifest:
        """The C2PA manifest kept for a published image."""
        return self._get(Manifest, f"/v1/images/{image_id}/manifest")

    def remove_image(self, image_id: str) -> Image:
        """Cancel a picture, or delete one."""
        return self._delete(Image, f"/v1/images/{image_id}")

    def verify(self, picture: Path | bytes, *, content_type: str | None = None) -> Verification:
        """What can be said of any picture; needs no account."""
        data, content_type = file_part(picture, content_type)
        response = self._transport.call(
            "POST", "/v1/verify", files={"image": ("image", data, content_type)}, timeout=_SLOW_S
        )
        return Verification.model_validate_json(response.content)

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

    def erase(self) -> Erasure:
        """Be forgotten everywhere. Cannot be undone; only the erasure and its receipt can be asked for afterwards."""
        return Erasure.model_validate_json(self._transport.call("POST", "/v1/erasures").content)

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
