"""provenance as the gateway's ports see it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field, replace

from semblance.gateway.domain.provenance import (
    BindingAlgorithms,
    ManifestMatch,
    TakedownNotice,
    TakedownReceipt,
    TakedownStatement,
    Verification,
)
from semblance.gateway.domain.things import Content, Manifest
from semblance.gateway.ports import Generation
from semblance.kernel.clock import Clock
from semblance.kernel.errors import Invalid, NotFound
from semblance.kernel.ids import new_id

PNG = b"\x89PNG\r\n\x1a\n" + b"signed pixels"
MANIFEST_ID = "urn:c2pa:0195b0c5-5d8e-7c3a-9f21-2b6f4e8d1a90"


@dataclass
class FakeProvenance:
    """Knows the published images of a FakeGeneration; verifies by comparing bytes. `answer` stands in for that."""

    generation: Generation
    clock: Clock
    answer: Verification | None = None

    def content(self, subject_id: str, image_id: str) -> Content:
        image = self.generation.image(subject_id, image_id)
        if image.state != "published":
            raise NotFound("no such image")
        return Content("image/png", PNG, hashlib.sha256(PNG).hexdigest(), image.people)

    def manifest(self, subject_id: str, image_id: str) -> Manifest:
        content = self.content(subject_id, image_id)
        text = json.dumps({"active_manifest": "urn:c2pa:1"})
        return Manifest(image_id, image_id, content.sha256, text, self.clock.now(), content.people)

    def verify(self, content_type: str, data: bytes) -> Verification:
        del content_type
        if self.answer is not None:
            return self.answer
        ours = data == PNG
        state = "Valid" if ours else "None"
        headline = "Made by AI here." if ours else "Nothing is known of this picture here."
        return Verification(
            state,
            ours,
            ours,
            new_id() if ours else "",
            "active" if ours else "unknown",
            None,
            (),
            found_by="manifest" if ours else "",
            confidence_0_1=1.0 if ours else 0.0,
            picture_state="published" if ours else "",
            headline=headline,
        )


@dataclass
class FakeResolution:
    """One manifest, found by the binding b"mark" or by the picture PNG."""

    stores: dict[str, bytes] = field(default_factory=lambda: {MANIFEST_ID: b"\0\0\0\x08jumb"})

    def by_binding(self, algorithm: str, value: bytes, limit: int) -> tuple[ManifestMatch, ...]:
        del limit
        if algorithm not in {"org.example.watermark", "org.example.fingerprint"}:
            raise Invalid("that algorithm is not known here", code="invalid-binding")
        return (ManifestMatch(MANIFEST_ID, 100),) if value == b"mark" else ()

    def by_content(self, content_type: str, data: bytes, *, algorithm: str, limit: int) -> tuple[ManifestMatch, ...]:
        del content_type, algorithm, limit
        if not data.startswith(b"\x89PNG"):
            raise Invalid("the bytes are no PNG, JPEG or WebP picture", code="unsupported-picture")
        return (ManifestMatch(MANIFEST_ID, 97),) if data == PNG else ()

    def store(self, manifest_id: str) -> bytes:
        if manifest_id not in self.stores:
            raise NotFound("no manifest of that id is kept here", code="manifest-not-found")
        return self.stores[manifest_id]

    def algorithms(self) -> BindingAlgorithms:
        return BindingAlgorithms(("org.example.watermark",), ("org.example.fingerprint",))


@dataclass
class FakeTakedowns:
    """Open until a test decides; the picture PNG is published here, anything else is not."""

    clock: Clock
    notices: dict[str, TakedownNotice] = field(default_factory=dict)
    receipts: dict[str, TakedownReceipt] = field(default_factory=dict)

    def statement(self) -> TakedownStatement:
        return TakedownStatement("1", "I am the person in this picture. This is true.")

    def submit(self, reference: str, notice: TakedownNotice) -> TakedownReceipt:
        if notice.statement_version != "1":
            raise Invalid("the statement in force is version 1", code="invalid-takedown")
        now = self.clock.now()
        found = int(notice.picture == PNG)
        made = TakedownReceipt(reference, "open", now, now + dt.timedelta(hours=48), None, found, False)
        self.notices[reference], self.receipts[reference] = notice, made
        return made

    def receipt(self, reference: str) -> TakedownReceipt:
        if reference not in self.receipts:
            raise NotFound("no take-down notice by that name", code="takedown-not-found")
        return self.receipts[reference]

    def become(self, reference: str, state: str) -> None:
        """As if an operator had decided."""
        self.receipts[reference] = replace(self.receipts[reference], state=state, decided_at=self.clock.now())
