"""identity's register and reviews as the gateway's ports see them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from semblance.gateway.domain.things import OwnReview
from semblance.kernel.clock import Clock
from semblance.kernel.errors import Forbidden, Invalid, NotFound
from semblance.kernel.ids import new_id


@dataclass
class FakeRegister:
    """Entries by id; a photo that is no JPEG shows no face."""

    codes: dict[str, str] = field(default_factory=dict)
    purposes: dict[str, str] = field(default_factory=dict)

    def protect(self, entry_id: str, *, purpose: str, code_sha256: str, photos: Sequence[bytes]) -> str:
        if any(not photo.startswith(b"\xff\xd8\xff") for photo in photos):
            raise Invalid("no face was found in a photo", code="no-face")
        self.codes[entry_id], self.purposes[entry_id] = code_sha256, purpose
        return "accepted"

    def remove(self, entry_id: str, code: str) -> None:
        if self.codes.get(entry_id) != hashlib.sha256(code.encode()).hexdigest():
            raise NotFound("no such entry, or the removal code is not its own")
        del self.codes[entry_id]


@dataclass
class FakeReviews:
    """Not offered unless a test says so; open until a test decides."""

    clock: Clock
    offered: bool = False
    owned: dict[str, tuple[str, OwnReview]] = field(default_factory=dict)

    def request(self, subject_id: str, release_id: str) -> OwnReview:
        del release_id
        if not self.offered:
            raise Forbidden("a review instead of a capture is not offered here", code="review-not-offered")
        review = OwnReview(new_id(), "open", self.clock.now(), None, "A person will look at it.")
        self.owned[review.id] = (subject_id, review)
        return review

    def get(self, subject_id: str, review_id: str) -> OwnReview:
        owner, review = self.owned.get(review_id, ("", None))
        if review is None or owner != subject_id:
            raise NotFound("no such review")
        return review

    def become(self, review_id: str, state: str) -> None:
        """As if an operator had decided."""
        owner, review = self.owned[review_id]
        self.owned[review_id] = (owner, replace(review, state=state, usable_until=self.clock.now()))
