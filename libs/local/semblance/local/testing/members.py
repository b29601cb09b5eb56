"""A bundled person with an account, as tests walk the platform: everything goes through the public client."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from semblance.client import Client
from semblance.client.models import Adapter, CaptureFrame, CaptureSession, Consent, Image, Photo
from semblance.synthetic_people import bundled
from semblance.synthetic_people.relight import screen

LEAN: Mapping[str, str] = {
    # The way of the bytes is under test, not the likeness: the demo holds the real thresholds. So adapters are learnt
    # in few steps, few pictures are compared, and the floors under which a likeness counts for nothing are lowered.
    # What cannot be lowered stays: a picture without a face is refused, and one with somebody else's is.
    "TRAINING_LORA": json.dumps({"steps": 8, "batch_size": 2}),
    "TRAINING_TORCH_THREADS": "1",
    "TRAINING_PICTURES_PER_PROMPT": "1",
    "TRAINING_LIKENESS_FLOOR": "-1",
    "TRAINING_LEAK_PICTURES": "1",
    "TRAINING_LEAK_OTHERS": "1",
    "TRAINING_LEAK_EXCESS_MAX": "1",
    "TRAINING_LEAK_OTHERS_MAX": "1",
    "TRAINING_LEASE_S": "10",
    "GENERATION_TORCH_THREADS": "1",
    "GENERATION_BEST_OF": "1",
    "GENERATION_CONCURRENCY": "4",  # else twelve pictures of one take are in hand, and nothing waits in the queue
    "GENERATION_BATCHES": "8",
    "GENERATION_GOOD_ENOUGH": "-1",
    "GENERATION_LEASE_S": "10",
    "SAFETY_OWN_FLOOR": "-1",
    "SAFETY_OTHER_THRESHOLD": "1",
    "SAFETY_MARGIN": "1",
    # Tests ask faster than people do.
    "GATEWAY_READ_PER_MINUTE": "100000",
    "GATEWAY_WRITE_PER_MINUTE": "10000",
    "GATEWAY_UPLOAD_PER_MINUTE": "10000",
    "GATEWAY_IMAGE_PER_MINUTE": "10000",
    "GATEWAY_TRAINING_PER_HOUR": "100000",
    "GATEWAY_SCORE_PER_MINUTE": "10000",
    "GATEWAY_ANONYMOUS_PER_MINUTE": "10000",
    "GATEWAY_VERIFY_PER_MINUTE": "10000",
    "GATEWAY_PASSWORD_PER_MINUTE": "10000",
}
ADAPTER_S = 400.0
IMAGE_S = 300.0
PHOTO_S = 120.0


@dataclass
class Member:
    """Somebody signed in. `password` and `signed_name` are random, so that they are found wherever they leak."""

    client: Client
    who: str
    handle: str = field(default_factory=lambda: f"member-{secrets.token_hex(6)}")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    signed_name: str = field(default_factory=lambda: f"Quendolyn {secrets.token_hex(6)}", repr=False)
    subject_id: str = ""

    def join(self) -> Member:
        """Create the account and sign in."""
        self.subject_id = self.client.create_account(self.handle, self.password).subject_id
        self.client.sign_in(self.handle, self.password)
        return self

    def film(self, session: CaptureSession) -> list[CaptureFrame]:
        """The committed capture in the order and under the colours that the session asks for."""
        frames = bundled.filmed(self.who, session.challenge, screen([(c.colour, c.for_ms) for c in session.colours]))
        return [CaptureFrame(at_ms=frame.at_ms, jpeg=frame.jpeg) for frame in frames]

    def opt_in(self) -> Consent:
        """Release, capture, consent to everything."""
        return self.client.opt_in(self.signed_name, self.film, adult=True)

    def portraits(self, count: int) -> list[bytes]:
        """JPEG files of the person."""
        return [photo.read() for photo in bundled.person_photos(self.who, ("portrait",))[:count]]

    def send_photos(self, consent: Consent, count: int = 6) -> list[Photo]:
        """Upload portraits and wait for every verdict."""
        sent = [self.client.upload_photo(consent.id, data).id for data in self.portraits(count)]
        for photo_id in sent:
            self.client.wait(photo_id, timeout_s=PHOTO_S)
        return [self.client.photo(photo_id) for photo_id in sent]

    def train(self, consent: Consent, key: str | None = None) -> Adapter:
        """An adapter, at its end."""
        asked = self.client.train_adapter(consent.id, key=key)
        self.client.wait(asked.id, timeout_s=ADAPTER_S)
        return self.client.adapter(asked.id)

    def picture(self, adapter: Adapter, prompt: str = "a photo of me", *, seed: int = 1) -> Image:
        """An image, at its end."""
        asked = self.client.create_image(adapter.id, prompt, seed=seed)
        self.client.wait(asked.id, timeout_s=IMAGE_S)
        return self.client.image(asked.id)
