"""identity: people, their consents, and whom they let make pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from semblance.gateway.domain.sharing import Grant, Reason, Scope, Sharing, SharingChange, Standing
from semblance.gateway.domain.things import (
    CaptureSession,
    ConsentReceipt,
    ErasedItems,
    Erasure,
    Frame,
    Notice,
    OwnReview,
    Page,
    Release,
)
from semblance.kernel.consent import Consent, Purpose


class Consents(Protocol):
    """This process's view of identity's consents."""

    def get(self, consent_id: str) -> Consent | None: ...

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        """Raises ConsentMissing, ConsentRevoked, ConsentExpired, or Unavailable when the view is stale."""


class Identity(Protocol):
    def notice(self, language: str) -> Notice: ...

    def sign_release(
        self, subject_id: str, *, notice_sha256: str, signed_name: str, adult: bool, purposes: Sequence[Purpose]
    ) -> Release: ...

    def create_session(self, subject_id: str, *, release_id: str, device_id: str) -> CaptureSession: ...

    def submit_capture(
        self, subject_id: str, session_id: str, *, nonce: str, frames: Sequence[Frame]
    ) -> CaptureSession: ...

    def session(self, subject_id: str, session_id: str) -> CaptureSession: ...

    def grant(
        self, subject_id: str, *, session_id: str, purposes: Sequence[Purpose], days: int, review_id: str = ""
    ) -> Consent:
        """On the session, or with "" there on the review."""

    def consent(self, subject_id: str, consent_id: str) -> Consent: ...

    def consents(self, subject_id: str) -> list[Consent]: ...

    def must_opt_in_again(self, subject_id: str) -> bool:
        """Whether the face model has changed since the person was enrolled."""

    def revoke(self, subject_id: str, consent_id: str) -> Consent: ...

    def request_erasure(self, subject_id: str) -> Erasure: ...

    def erasure(self, erasure_id: str) -> Erasure: ...

    def erased_items(self, erasure_id: str) -> ErasedItems:
        """Raises Conflict before the end, Gone when the list is no longer kept."""

    def consent_receipt(self, subject_id: str, consent_id: str) -> ConsentReceipt: ...

    def receipt_keys(self) -> str:
        """A JSON Web Key Set."""


class Register(Protocol):
    """Faces that nothing may be made of."""

    def protect(self, entry_id: str, *, purpose: str, code_sha256: str, photos: Sequence[bytes]) -> str:
        """The entry's state. Raises Invalid where a photo does not show one clear face."""

    def remove(self, entry_id: str, code: str) -> None:
        """Raises NotFound, the same for no entry and a wrong code."""


class Reviews(Protocol):
    """Reviews that people ask for; only operators decide them, and not through the gateway."""

    def request(self, subject_id: str, release_id: str) -> OwnReview:
        """Raises Forbidden unless it is offered."""

    def get(self, subject_id: str, review_id: str) -> OwnReview: ...


class Sharings(Protocol):
    """identity, for what people let others make."""

    def setting(self, subject_id: str) -> Sharing: ...

    def set(self, subject_id: str, sharing: Sharing) -> Sharing: ...

    def ask(self, grantee_id: str, *, subject_id: str, grant_id: str, purpose: str, scope: Scope) -> Grant: ...

    def give(self, subject_id: str, *, grantee_id: str, grant_id: str, scope: Scope) -> Grant: ...

    def answer(self, subject_id: str, grant_id: str, scope: Scope | None) -> Grant:
        """None: no."""

    def withdraw(self, caller_id: str, grant_id: str) -> Grant: ...

    def grant(self, caller_id: str, grant_id: str) -> Grant: ...

    def grants(self, caller_id: str, *, as_grantee: bool, after: str | None, limit: int) -> Page[Grant]:
        """Newest first."""

    def use(self, grantee_id: str, grant_id: str, image_id: str, *, use: str = "", together: bool = False) -> Grant:
        """Count a picture; the same picture counts once. `use`: what it is for, as declared. `together`: it
        shows others as well."""

    def return_use(
        self, grantee_id: str, grant_id: str, image_id: str, *, reason_code: str = "", use: str = ""
    ) -> None:
        """It was not made; a reason goes into the person's log."""

    def check(
        self, caller_id: str, grant_id: str, *, use: str = "", together: bool = False
    ) -> tuple[Grant, tuple[Reason, ...]]: ...

    def app_names(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """Of those that are verified apps."""

    def simulate(self, subject_id: str, change: SharingChange) -> tuple[Standing, Standing]:
        """Before and after. Raises what the change itself would raise."""
