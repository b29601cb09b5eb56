"""Faces that nothing may be made of, and reviews instead of a capture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from semblance.client.calls import SLOW_S, Calls
from semblance.client.files import file_part
from semblance.client.models import Consent, IdentityReview, ProtectedFace


class RegisterCalls(Calls):
    """Part of Client."""

    def protect_face(self, photos: Sequence[Path | bytes], purpose: str = "self") -> ProtectedFace:
        """Have a face refused everywhere; needs no account. 1 to 3 photos of one person, each with one clear face.

        `purpose` is "self" or "guardian". The removal code is told this once. Not repeated by itself: whoever loses
        the answer has an entry that only the operator can remove.
        """
        parts = [file_part(photo) for photo in photos]
        response = self._transport.call(
            "POST",
            "/v1/protected-faces",
            repeat=False,
            data={"purpose": purpose},
            files=[("photos", ("photo", data, content_type)) for data, content_type in parts],
            timeout=SLOW_S,
        )
        return ProtectedFace.model_validate_json(response.content)

    def remove_protection(self, entry_id: str, removal_code: str) -> None:
        """Take it back; needs no account but the code."""
        self._transport.call("DELETE", f"/v1/protected-faces/{entry_id}", headers={"Removal-Code": removal_code})

    def request_review(self, release_id: str, *, key: str | None = None) -> IdentityReview:
        """Ask a person to look instead of the camera; ApiError `review-not-offered` unless the operator offers it."""
        return self._create(IdentityReview, "/v1/identity-reviews", {"release_id": release_id}, key)

    def identity_review(self, review_id: str) -> IdentityReview:
        """How such a review stands."""
        return self._get(IdentityReview, f"/v1/identity-reviews/{review_id}")

    def grant_on_review(
        self, review_id: str, purposes: Sequence[str], days: int = 365, *, key: str | None = None
    ) -> Consent:
        """Consent on the strength of a review that was allowed."""
        body = {"review_id": review_id, "purposes": list(purposes), "days": days}
        return self._create(Consent, "/v1/consents", body, key)
