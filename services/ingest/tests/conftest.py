"""The service around a migrated SQLite database and in-memory twins; faces and identity are real or made to order."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from PIL import Image

from semblance.faces import SFACE, FaceEngine, OpenCvFaceEngine
from semblance.ingest.adapters.store import store_of
from semblance.ingest.adapters.work import work_kinds
from semblance.ingest.consumers import subscriptions
from semblance.ingest.domain.faces import Answer, Embedding, FoundFace, Match, Place
from semblance.ingest.domain.photo import Photo
from semblance.ingest.handlers.uploads import receive_photo
from semblance.ingest.main import MIGRATIONS, ports_of
from semblance.ingest.ports import Ports
from semblance.ingest.settings import IngestSettings
from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import SubjectId, new_id
from semblance.objects import MemoryKeyRing, MemoryStore
from semblance.service_kit import testing
from semblance.service_kit.database import Database

MODELS_DIR = Path(os.environ.get("SEMBLANCE_MODELS_DIR", Path(__file__).parents[3] / ".cache" / "models"))


@dataclass
class MadeFaces:
    """A face reader that finds what it is told to: the same people in every photo until told otherwise."""

    people: Sequence[int] = (0,)
    size_px: float = 100.0
    sharpness: float = 300.0
    error: SemblanceError | None = None
    before: Callable[[], None] = lambda: None

    def read(self, jpeg: bytes, check: Callable[[], None]) -> list[FoundFace]:
        self.before()
        check()
        if self.error is not None:
            raise self.error
        place = Place(10, 20, self.size_px, self.size_px, tuple(float(i) for i in range(10)))
        rng = np.random.default_rng(len(jpeg))
        return [FoundFace(place, self.size_px, self.sharpness, looks_of(who, rng)) for who in self.people]


def looks_of(who: int, rng: np.random.Generator) -> Embedding:
    """An embedding of person number `who`: alike each time (cosine about 0.95), unlike everybody else's."""
    vector = np.zeros(128, np.float32)
    vector[who] = 1
    vector += rng.normal(0, 0.03, 128).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@dataclass
class MadeIdentity:
    """Knows one template per subject; by default person 0 is the subject, whoever that is."""

    templates: dict[str, Embedding] = field(default_factory=dict)
    default: Embedding | None = field(default_factory=lambda: np.eye(128, dtype=np.float32)[0])
    error: SemblanceError | None = None
    threshold: float = 0.5
    protected: Sequence[int] = ()
    """Who is on the protected register."""
    opt_in_again: bool = False

    def match(self, subject_id: SubjectId, embeddings: Sequence[Embedding]) -> Answer:
        if self.error is not None:
            raise self.error
        template = self.templates.get(subject_id, self.default)
        if template is None:
            return Answer([Match(False, -1.0) for _ in embeddings], False, self.opt_in_again)
        scores = [float(embedding @ template) for embedding in embeddings]
        guarded = [any(embedding[who] > self.threshold for who in self.protected) for embedding in embeddings]
        return Answer([Match(s >= self.threshold, s, g) for s, g in zip(scores, guarded, strict=True)], True)


@dataclass
class Service:
    """Everything that a test pokes at. `subject` has a key and a consent."""

    ports: Ports
    database: Database
    clock: FakeClock
    store: MemoryStore
    keyring: MemoryKeyRing
    consents: testing.FakeConsentView
    faces: MadeFaces
    identity: MadeIdentity
    subject: SubjectId
    consent_id: str

    def upload(self, data: bytes, *, photo_id: str = "", by: tuple[SubjectId, str] | None = None) -> Photo:
        """`by`: somebody else, and their consent."""
        subject, consent_id = by or (self.subject, self.consent_id)
        return receive_photo(subject, consent_id, photo_id, data, self.ports)

    def work(self) -> int:
        return testing.run_work(work_kinds(self.ports, concurrency=1), self.database)

    def work_until_given_up(self) -> None:
        for _ in range(40):
            self.work()
            self.clock.advance(120)

    def deliver(self, message: Message, times: int = 2) -> list[str]:
        outcomes = []
        for subscription in subscriptions(store_of):
            if type(message) in subscription.handlers:
                outcomes += testing.deliver(subscription, self.database, message, times)
        return outcomes

    def emitted(self, kind: type[Message] | None = None) -> list[Message]:
        return [m for m in testing.emitted(self.database) if kind is None or isinstance(m, kind)]

    def stranger(self) -> tuple[SubjectId, str]:
        """Somebody else with a key and a consent."""
        other = SubjectId(new_id())
        self.keyring.create(other)
        return other, self.consents.grant(other).id


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    clock = FakeClock()
    database = testing.database(tmp_path, MIGRATIONS, source="ingest", clock=clock)
    store, keyring, consents = MemoryStore(), MemoryKeyRing(clock), testing.FakeConsentView(clock)
    subject = SubjectId(new_id())
    keyring.create(subject)
    identity, faces = MadeIdentity(), MadeFaces()
    ports = ports_of(
        IngestSettings(),
        database,
        store=store,
        keyring=keyring,
        engine=_NoEngine(),
        identity=identity,
        consents=consents,
        clock=clock,
    )
    ports = replace(ports, faces=faces)
    consent = consents.grant(subject)
    yield Service(ports, database, clock, store, keyring, consents, faces, identity, subject, consent.id)
    database.close()


class _NoEngine:
    """Stands where no engine is asked."""

    model = SFACE

    def detect(self, image: object) -> list[object]:
        raise AssertionError("the made faces are used instead")

    embed = detect


@pytest.fixture(scope="session")
def engine() -> FaceEngine:
    return OpenCvFaceEngine(MODELS_DIR)


@pytest.fixture(scope="session")
def picture_of() -> Callable[..., bytes]:
    """`picture_of(3)` is a JPEG; another number gives another picture, the same number the same bytes."""

    def made(number: int, width: int = 200, height: int = 160, *, kind: str = "JPEG", quality: int = 92) -> bytes:
        bumps = np.random.default_rng(number).integers(0, 256, (10, 12, 3)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(bumps).resize((width, height), Image.Resampling.BICUBIC).save(out, kind, quality=quality)
        return out.getvalue()

    return made
