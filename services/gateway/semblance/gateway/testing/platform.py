"""The six other services as the gateway's ports see them: state in dictionaries, errors as the real ones raise them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from semblance.gateway.domain.sharing import ImageCount
from semblance.gateway.domain.things import (
    Adapter,
    Capabilities,
    CaptureSession,
    ConsentReceipt,
    ErasedItems,
    ErasedList,
    ErasedStore,
    Erasure,
    Frame,
    Image,
    ImageOrder,
    Notice,
    Page,
    PhotoFinding,
    PhotoScore,
    Release,
    ScreenColour,
)
from semblance.gateway.testing.audit import FakeAudit
from semblance.gateway.testing.library import FakeIngest
from semblance.gateway.testing.provenance import FakeProvenance, FakeResolution, FakeTakedowns
from semblance.gateway.testing.register import FakeRegister, FakeReviews
from semblance.gateway.testing.sharing import FakeSharing
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import Conflict, ConsentMissing, Gone, Invalid, NotFound, QuotaExceeded
from semblance.kernel.ids import ConsentId, SubjectId, new_id

T = TypeVar("T")
NOTICE = "We will take pictures of your face."


def page(items: Iterable[T], key: Callable[[T], str], after: str | None, limit: int) -> Page[T]:
    """Newest first, as the services page."""
    rest = [item for item in sorted(items, key=key, reverse=True) if after is None or key(item) < after]
    return Page(tuple(rest[:limit]), key(rest[limit - 1]) if len(rest) > limit else None)


@dataclass
class FakeIdentity:
    """Also the ConsentView: what it grants is in force at once, unless `late` holds the view back. `captures` are the
    frames that came; the next ones fail with the next advice of `refusals`. With `face_of` a face that an account
    holds, until its erasure has completed, is held back at anybody else's capture."""

    clock: Clock
    releases: dict[str, tuple[str, Release]] = field(default_factory=dict)
    sessions: dict[str, tuple[str, CaptureSession]] = field(default_factory=dict)
    consents_by_id: dict[str, Consent] = field(default_factory=dict)
    erasures: dict[str, Erasure] = field(default_factory=dict)
    erased: dict[str, str] = field(default_factory=dict)
    late: bool = False
    allowed_reviews: set[str] = field(default_factory=set)
    left_behind: set[str] = field(default_factory=set)
    captures: list[Sequence[Frame]] = field(default_factory=list)
    refusals: list[tuple[str, ...]] = field(default_factory=list)
    locked_out_s: int = 0
    face_of: Callable[[Sequence[Frame]], str] | None = None
    holders: dict[str, str] = field(default_factory=dict)

    def notice(self, language: str) -> Notice:
        del language
        return Notice("1", NOTICE, hashlib.sha256(NOTICE.encode()).hexdigest())

    def sign_release(
        self, subject_id: str, *, notice_sha256: str, signed_name: str, adult: bool, purposes: Sequence[Purpose]
    ) -> Release:
        if not adult or notice_sha256 != self.notice("en").sha256 or not signed_name:
            raise Invalid("the release is not valid", remedy="Read the notice again.", code="release-refused")
        release = Release(new_id(), notice_sha256, tuple(purposes), self.clock.now())
        self.releases[release.id] = (subject_id, release)
        return release

    def create_session(self, subject_id: str, *, release_id: str, device_id: str) -> CaptureSession:
        del device_id
        if self.locked_out_s:
            raise QuotaExceeded("too many failed captures", code="locked-out", retry_after_s=self.locked_out_s)
        _own(self.releases, release_id, subject_id, "release")
        expires_at = self.clock.now() + dt.timedelta(minutes=10)
        session = CaptureSession(
            new_id(), "created", ("turn_left", "nod"), "nonce-1", expires_at, 3, (), (ScreenColour("#00ff00", 400),)
        )
        self.sessions[session.id] = (subject_id, session)
        return session

    def submit_capture(
        self, subject_id: str, session_id: str, *, nonce: str, frames: Sequence[Frame]
    ) -> CaptureSession:
        session = self.session(subject_id, session_id)
        if nonce != session.nonce:
            raise Invalid("the nonce is not the session's", code="wrong-nonce")
        self.captures.append(frames)
        if len(frames) < 2 or self.refusals:
            advice = self.refusals.pop(0) if self.refusals else ("Hold still.",)
            tries_left = session.tries_left - 1
            state = "in_progress" if tries_left else "failed"
            session = replace(session, tries_left=tries_left, advice=advice, state=state)
        elif self.face_of and self.holders.setdefault(self.face_of(frames), subject_id) != subject_id:
            session = replace(session, tries_left=0, advice=("A person has to look at it.",), state="failed")
        else:
            session = replace(session, state="succeeded")
        self.sessions[session_id] = (subject_id, session)
        return session

    def session(self, subject_id: str, session_id: str) -> CaptureSession:
        return _own(self.sessions, session_id, subject_id, "capture session")

    def grant(
        self, subject_id: str, *, session_id: str, purposes: Sequence[Purpose], days: int, review_id: str = ""
    ) -> Consent:
        if review_id not in self.allowed_reviews and self.session(subject_id, session_id).state != "succeeded":
            raise Conflict("the capture has not succeeded", code="capture-not-succeeded")
        now = self.clock.now()
        consent = Consent(
            ConsentId(new_id()), SubjectId(subject_id), 1, frozenset(purposes), now, now + dt.timedelta(days=days)
        )
        self.consents_by_id[consent.id] = consent
        return consent

    def consent(self, subject_id: str, consent_id: str) -> Consent:
        consent = self.consents_by_id.get(consent_id)
        if consent is None or consent.subject_id != subject_id:
            raise NotFound("no such consent")
        return consent

    def consents(self, subject_id: str) -> list[Consent]:
        own = (c for c in self.consents_by_id.values() if c.subject_id == subject_id)
        return [consent for consent in own if consent.grantee_id is None]

    def must_opt_in_again(self, subject_id: str) -> bool:
        return subject_id in self.left_behind

    def revoke(self, subject_id: str, consent_id: str) -> Consent:
        consent = self.consent(subject_id, consent_id)
        if consent.revoked_at is None:
            consent = replace(consent, revision=consent.revision + 1, revoked_at=self.clock.now())
            self.consents_by_id[consent_id] = consent
        return consent

    def request_erasure(self, subject_id: str) -> Erasure:
        if subject_id in self.erased:
            raise Gone("already erased")
        erasure = Erasure(new_id(), "running", self.clock.now(), None, (), ("ingest",), "")
        self.erasures[erasure.id] = erasure
        self.erased[subject_id] = erasure.id
        return erasure

    def erasure(self, erasure_id: str) -> Erasure:
        if erasure_id not in self.erasures:
            raise NotFound("no such erasure")
        return self.erasures[erasure_id]

    def erased_items(self, erasure_id: str) -> ErasedItems:
        if self.erasure(erasure_id).state != "completed":
            raise Conflict("the erasure has not completed", code="erasure-in-progress")
        listed = ErasedList("ingest", "objects:photos", 3, "2030-01-01T12:00:00+00:00", ("ab" * 32,), "")
        return ErasedItems(erasure_id, "5f0c1d7a", (listed,))

    def consent_receipt(self, subject_id: str, consent_id: str) -> ConsentReceipt:
        consent = self.consent(subject_id, consent_id)
        receipt = json.dumps({"record_id": consent.id})
        return ConsentReceipt(receipt, "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "eyJ0eXAiOiJ2Yytqd3QifQ.e30.c2ln", "5f0c1d7a")

    def receipt_keys(self) -> str:
        return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "AA"}]})

    def complete_erasure(self, erasure_id: str) -> None:
        """As if the last service had answered."""
        self.holders = {face: who for face, who in self.holders.items() if self.erased.get(who) != erasure_id}
        self.erasures[erasure_id] = replace(
            self.erasures[erasure_id],
            state="completed",
            completed_at=self.clock.now(),
            stores=(ErasedStore("ingest", "objects:photos", 3),),
            waiting_for=(),
            receipt_jws="eyJhbGciOiJFZERTQSJ9.e30.c2ln",
        )

    def get(self, consent_id: str) -> Consent | None:
        return None if self.late else self.consents_by_id.get(consent_id)

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        consent = self.get(consent_id)
        if consent is None:
            raise ConsentMissing
        consent.require(subject_id=subject_id, purpose=purpose, now=self.clock.now(), grantee_id=grantee_id)
        return consent


@dataclass
class FakeTraining:
    """Adapters stay queued until a test says otherwise."""

    clock: Clock
    owned: dict[str, tuple[str, Adapter]] = field(default_factory=dict)
    scored: list[tuple[str, str]] = field(default_factory=list)

    def start(self, subject_id: str, *, consent_id: str, adapter_id: str, name: str) -> Adapter:
        if adapter_id in self.owned:
            return self.adapter(subject_id, adapter_id)
        adapter = Adapter(adapter_id, consent_id, "queued", "", name, 0, 0.0, 0.0, "", self.clock.now(), None)
        self.owned[adapter_id] = (subject_id, adapter)
        return adapter

    def adapter(self, subject_id: str, adapter_id: str) -> Adapter:
        return _own(self.owned, adapter_id, subject_id, "adapter")

    def adapters(self, subject_id: str, *, after: str | None, limit: int) -> Page[Adapter]:
        return page((a for s, a in self.owned.values() if s == subject_id), lambda a: a.id, after, limit)

    def remove(self, subject_id: str, adapter_id: str) -> Adapter:
        self.adapter(subject_id, adapter_id)
        return self.become(adapter_id, "removed")

    def score_photos(self, subject_id: str, consent_id: str) -> PhotoScore:
        self.scored.append((subject_id, consent_id))
        advice = "Add some 4 more photos, from other days if you can."
        return PhotoScore(72, 8, True, (PhotoFinding("few-photos", 12, advice, ()),))

    def become(self, adapter_id: str, state: str, **found: Any) -> Adapter:
        """As if training had gone so far, and found this."""
        subject_id, adapter = self.owned[adapter_id]
        adapter = replace(adapter, state=state, **found)
        self.owned[adapter_id] = (subject_id, adapter)
        return adapter


@dataclass
class FakeGeneration:
    """Images stay queued until a test says otherwise; a prompt with "forbidden" is refused, and one that holds a limit
    of anybody under a grant, in the very words."""

    clock: Clock
    owned: dict[str, tuple[str, Image]] = field(default_factory=dict)
    orders: list[ImageOrder] = field(default_factory=list)
    people_max: int = 4

    def create(self, subject_id: str, order: ImageOrder) -> Image:
        against = _against(order)
        if "forbidden" in order.prompt or against:
            refusal = Invalid("the prompt asks for what is not made here", code="prompt-refused")
            refusal.by_limits_of = against
            raise refusal
        if order.image_id in self.owned:
            return self.image(subject_id, order.image_id)
        self.orders.append(order)
        image = Image(
            order.image_id,
            order.consent_id,
            order.adapter_id,
            "queued",
            (),
            order.seed,
            0,
            0,
            "",
            self.clock.now(),
            None,
            subject_id,
            order.shared.requester_id if order.shared else "",
            _visibility(order),
            order.use,
            order.edit.source_image_id if order.edit else "",
            1 + len(order.beside),
            tuple((each.subject_id, each.consent_id) for each in order.beside),
        )
        self.owned[image.id] = (subject_id, image)
        return image

    def image(self, subject_id: str, image_id: str) -> Image:
        """Somebody beside the subject reads their own consent, and that somebody else asked."""
        owner, image = self.owned.get(image_id, ("", None))
        mine = dict(image.further).get(subject_id) if image is not None else None
        if image is None or mine is None:
            return _own(self.owned, image_id, subject_id, "image")
        asker = image.requester_id or owner
        theirs = replace(image, subject_id=subject_id, consent_id=mine, adapter_id="", further=())
        return replace(theirs, requester_id=asker)

    def images(self, subject_id: str, *, after: str | None, limit: int, by_others: bool = False) -> Page[Image]:
        mine = (self.image(subject_id, i.id) for s, i in self.owned.values() if subject_id in {s, *dict(i.further)})
        found = (i for i in mine if bool(i.requester_id) == by_others)
        return page(found, lambda i: i.id, after, limit)

    def made(self, requester_id: str, image_id: str) -> Image:
        _, image = self.owned.get(image_id, ("", None))
        if image is None or not image.requester_id or image.requester_id != requester_id:
            raise NotFound("no such image")
        return image

    def made_by(self, requester_id: str, *, after: str | None, limit: int) -> Page[Image]:
        return page((i for _, i in self.owned.values() if i.requester_id == requester_id), lambda i: i.id, after, limit)

    def show(self, subject_id: str, image_id: str, *, shown: bool) -> Image:
        if not self.image(subject_id, image_id).requester_id:
            raise NotFound("no such image")
        owner, image = self.owned[image_id]
        self.owned[image_id] = (owner, replace(image, visibility="shown" if shown else "hidden"))
        return self.image(subject_id, image_id)

    def counts(self, subject_id: str) -> tuple[ImageCount, ...]:
        found = [i for s, i in self.owned.values() if s == subject_id]
        return tuple(ImageCount(i.consent_id, i.consent_id, i.state, bool(i.requester_id), 1) for i in found)

    def capabilities(self) -> Capabilities:
        return Capabilities(self.people_max, 50, 12, ("256x256",))

    def remove(self, subject_id: str, image_id: str) -> Image:
        self.image(subject_id, image_id)
        return self.become(image_id, "removed")

    def become(self, image_id: str, state: str) -> Image:
        """As if the picture had come so far."""
        subject_id, image = self.owned[image_id]
        image = replace(image, state=state, finished_at=self.clock.now())
        self.owned[image_id] = (subject_id, image)
        return image


def _against(order: ImageOrder) -> dict[str, str]:
    """The grants whose limits refuse it."""
    everybody = [(order.consent_id, order.shared), *((each.consent_id, each.shared) for each in order.beside)]
    return {
        consent_id: "prompt-refused"
        for consent_id, shared in everybody
        if shared is not None and any(limit in order.prompt for limit in shared.limits)
    }


def _visibility(order: ImageOrder) -> str:
    """Of all who did not ask: the least."""
    reviews = [shared.review for shared in (order.shared, *(each.shared for each in order.beside)) if shared]
    return "" if not reviews else "waiting" if any(reviews) else "shown"


@dataclass
class FakePlatform:
    """All of them over one clock."""

    clock: Clock
    identity: FakeIdentity = field(init=False)
    register: FakeRegister = field(init=False)
    reviews: FakeReviews = field(init=False)
    ingest: FakeIngest = field(init=False)
    training: FakeTraining = field(init=False)
    generation: FakeGeneration = field(init=False)
    provenance: FakeProvenance = field(init=False)
    resolution: FakeResolution = field(init=False)
    takedowns: FakeTakedowns = field(init=False)
    sharing: FakeSharing = field(init=False)
    audit: FakeAudit = field(init=False)

    def __post_init__(self) -> None:
        self.identity = FakeIdentity(self.clock)
        self.register = FakeRegister()
        self.reviews = FakeReviews(self.clock)
        self.ingest = FakeIngest(self.clock)
        self.training = FakeTraining(self.clock)
        self.generation = FakeGeneration(self.clock)
        self.provenance = FakeProvenance(self.generation, self.clock)
        self.resolution = FakeResolution()
        self.takedowns = FakeTakedowns(self.clock)
        self.sharing = FakeSharing(self.clock, self.identity)
        self.audit = FakeAudit(self.clock)


def _own(things: dict[str, tuple[str, T]], thing_id: str, subject_id: str, what: str) -> T:
    owner, thing = things.get(thing_id, ("", None))
    if thing is None or owner != subject_id:
        raise NotFound(f"no such {what}")
    return thing
