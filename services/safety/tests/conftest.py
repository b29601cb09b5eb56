"""A service of one's own: SQLite, store and keys in memory, a fake clock, eyes that see what they are told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Consent
from semblance.kernel.ids import new_id
from semblance.local.testing import databases
from semblance.objects import QUARANTINE, MemoryKeyRing, MemoryStore, SealedObjects, Sealer
from semblance.safety import main
from semblance.safety.adapters.store import FILTER_IMAGE, SqlStore
from semblance.safety.adapters.sweeper import sweep
from semblance.safety.adapters.work import work_kinds
from semblance.safety.consumers import subscriptions
from semblance.safety.domain.verdict import NudePart
from semblance.safety.ports import Embedding, FaceScores, FoundFace
from semblance.safety.settings import SafetySettings
from semblance.service_kit import testing
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit
from semblance.service_kit.migrations import downgrade


def face(x_px: float = 10.0) -> FoundFace:
    return FoundFace((x_px, 10.0, 40.0, 50.0), 0.9, np.zeros(128, np.float32))


@dataclass
class FakeEyes:
    """Sees what the test says."""

    seen: Sequence[FoundFace] = (face(),)
    seen_after: Sequence[FoundFace] = (face(),)
    blurred: Sequence[Any] = ()
    nude: Sequence[NudePart] = ()
    broken: Exception | None = None
    looked: int = 0
    before: Any = None

    def open(self, png: bytes, *, width_px: int, height_px: int) -> Any:
        self.looked += 1
        if self.before is not None:
            self.before()
        if self.broken is not None:
            raise self.broken
        return np.zeros((height_px, width_px, 3), np.uint8)

    def faces(self, image: Any, go_on: Any) -> list[FoundFace]:
        go_on()
        if image.any():  # a copy that blur made
            return list(self.seen_after)
        return list(self.seen)

    def nude_parts(self, image: Any) -> list[NudePart]:
        return list(self.nude)

    def blur(self, image: Any, boxes: Any) -> tuple[Any, bytes]:
        self.blurred = list(boxes)
        return np.ones_like(image), b"blurred"


@dataclass
class FakeMatcher:
    """Scores each face as the test says; the last answer goes for every further face. `of`: with whom in particular;
    nobody in `strangers` is enrolled. `asked`: about whom, and who may be seen beside them."""

    scores: list[tuple[float, ...]] = field(default_factory=lambda: [(0.8, 0.1)])
    of: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    enrolled: bool = True
    strangers: set[str] = field(default_factory=set)
    broken: Exception | None = None
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def match(
        self,
        subject_id: str,
        faces: Sequence[Embedding],
        *,
        consent_id: str,
        consent_revision: int,
        also_depicted: Sequence[str] = (),
    ) -> tuple[list[FaceScores], bool]:
        if self.broken is not None:
            raise self.broken
        assert consent_id
        assert consent_revision == 1
        self.asked.append((subject_id, consent_id, tuple(also_depicted)))
        scores = self.of.get(subject_id, self.scores)
        enrolled = self.enrolled and subject_id not in self.strangers
        return [FaceScores(*scores[min(k, len(scores) - 1)]) for k in range(len(faces))], enrolled


@dataclass
class FakePeople:
    """Scores each face as the test says, by whose photos: nobody, until it says more. `asked`: whose, and who may be
    seen beside them."""

    scores: list[float] = field(default_factory=list)
    of: dict[str, list[float] | Exception] = field(default_factory=dict)
    broken: Exception | None = None
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def best(self, owner_id: str, faces: Sequence[Embedding], *, depicted: Sequence[str] = ()) -> list[float]:
        self.asked.append((owner_id, tuple(depicted)))
        answer = self.broken or self.of.get(owner_id, self.scores)
        if isinstance(answer, Exception):
            raise answer
        return [answer[k] if k < len(answer) else -1.0 for k in range(len(faces))]


@dataclass
class FakeReader:
    """Reads into a prompt what the test says: nothing, until it says more."""

    codes: frozenset[str] = frozenset()
    clauses: frozenset[int] = frozenset()
    broken_by: Exception | None = None
    read: Any = None

    def intents(self, read: Any) -> frozenset[str]:
        self.read = read
        if self.broken_by is not None:
            raise self.broken_by
        return self.codes

    def broken(self, read: Any, clauses: Any) -> frozenset[int]:
        self.intents(read)
        return self.clauses


class Bench:
    """The service with its consumers and its work."""

    face = staticmethod(face)

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.clock = FakeClock()
        self.database = testing.database(folder, main.MIGRATIONS, source="safety", clock=self.clock, url=url)
        self.keyring = MemoryKeyRing()
        self.objects = MemoryStore()
        self.objects.ensure_bucket(QUARANTINE)
        self.quarantine = SealedObjects(self.objects, Sealer(self.keyring), QUARANTINE)
        self.consents = testing.FakeConsentView(self.clock)
        self.eyes = FakeEyes()
        self.matcher = FakeMatcher()
        self.library, self.figures = FakePeople(), FakePeople()
        self.reader = FakeReader()
        self.settings = SafetySettings(models_dir=folder)
        self.set_up()

    def set_up(self, **settings: Any) -> None:
        """Begin anew with these settings; the database and the store stay."""
        self.settings = self.settings.model_copy(update=settings)
        self.ports = main.ports_of(
            self.settings,
            self.database,
            clock=self.clock,
            consents=self.consents,
            eyes=self.eyes,
            matcher=self.matcher,
            quarantine=self.quarantine,
            library=self.library,
            figures=self.figures,
            prompt_models=main.PromptModels(self.reader, self.reader),
        )
        self.pictures, self.erasures = self.subscriptions()

    def store_of(self, unit: Unit) -> SqlStore:
        return SqlStore(unit, self.ports.verdict_rules)

    def subscriptions(self) -> list[Subscription]:
        return subscriptions(self.ports, self.store_of)

    def rendered(
        self, *, png: bytes = b"png", subject_id: str | None = None, **told: Any
    ) -> generation_pb.ImageRendered:
        """A picture in quarantine and the event that tells of it."""
        subject_id = subject_id or new_id()
        self.keyring.create(subject_id)
        consent: Consent = self.consents.grant(subject_id)
        image_id = new_id()
        key = f"{subject_id}/{image_id}"
        self.quarantine.put(subject_id, key, png)
        return generation_pb.ImageRendered(
            subject_id=subject_id,
            consent_id=consent.id,
            consent_revision=1,
            image_id=image_id,
            adapter_id=new_id(),
            quarantine_key=key,
            sha256=hashlib.sha256(png).hexdigest(),
            width_px=64,
            height_px=64,
            backbone_digest="sha256:abc",
            **told,
        )

    def work(self, *, until_decided: bool = False) -> None:
        """Run what is due; with `until_decided`, let the pauses between attempts pass."""
        kinds = work_kinds(
            self.ports,
            self.store_of,
            at_once=1,
            attempts=self.settings.filter_attempts,
            look_s=self.settings.look_s,
        )
        testing.run_work(kinds, self.database)
        sweep(self.database, self.ports, self.store_of)
        testing.run_work(kinds, self.database)
        for _ in range(12 if until_decided else 0):
            self.clock.advance(70)
            testing.run_work(kinds, self.database)

    def filtered(self, **kwargs: Any) -> list[Any]:
        """Receive a picture, look at it; the events that went out."""
        testing.deliver(self.pictures, self.database, self.rendered(**kwargs))
        self.work()
        return testing.emitted(self.database)

    def in_quarantine(self) -> list[str]:
        return self.objects.list(QUARANTINE, "")

    filter_image = FILTER_IMAGE


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database on a real PostgreSQL."""
    with databases.postgres() as server:
        yield server.url("safety")


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """On SQLite, or on PostgreSQL for modules that ask for both."""
    on_postgres = getattr(request, "param", "sqlite") == "postgres"
    made = Bench(tmp_path, request.getfixturevalue("postgres_url") if on_postgres else None)
    yield made
    if on_postgres:  # one database for all tests: they leave it empty
        downgrade(made.database.engine, main.MIGRATIONS)
    made.database.close()
