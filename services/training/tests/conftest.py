"""The service on SQLite, stores in memory and a scripted engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Consent
from semblance.kernel.ids import AdapterId, SubjectId, new_id
from semblance.objects import ADAPTERS, PHOTOS, MemoryKeyRing, MemoryStore, SealedObjects, Sealer
from semblance.service_kit import testing
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.work import WorkKind
from semblance.training.adapters.store import SqlTransactions, store_of
from semblance.training.adapters.work import work_kinds
from semblance.training.consumers import subscriptions
from semblance.training.domain.dataset import DatasetRules, PhotoFacts
from semblance.training.domain.leak import LeakRules, Match, OwnPicture, Place
from semblance.training.domain.likeness import LikenessRules, Measured
from semblance.training.domain.run import Run
from semblance.training.handlers import runs
from semblance.training.ports import Checkpoint, Embedding, OnStep, Photo, PhotoOnFile, Ports, Rules, Trained

MIGRATIONS = Path(__file__).parents[1] / "migrations"
LEAK_RULES = LeakRules(
    excess_max=0.1,
    shown_cosine=0.5,
    shown_margin=0.1,
    shown_max=0.1,
    swapped_max=0.1,
    other_margin=0.05,
    others_max=0.25,
)
LANDMARKS = ((10.0, 10.0), (20.0, 10.0), (15.0, 15.0), (11.0, 20.0), (19.0, 20.0))


def honest() -> Trained:
    """An adapter with nothing against it."""
    places = (Place(0.3, 0.3), Place(0.25, 0.3, 0.6))
    face = np.full(128, 128**-0.5, np.float32)
    own = (OwnPicture(0.6, 0.4),) * 8
    return Trained(b"lora", b"reference", "d" * 64, Measured(0.6, 0.2, 8, 8), b"flat", places, own, (face,) * 8)


class ScriptedTrainer:
    """Counts calls and goes on from what was kept; `between` runs at every step, as a hook into the middle of the
    work."""

    def __init__(self) -> None:
        self.trained = honest()
        self.calls: list[tuple[list[Photo], int]] = []
        self.resumed: list[bytes | None] = []
        self.between: Callable[[int], None] = lambda _step: None
        self.steps = 4

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep, checkpoint: Checkpoint) -> Trained:
        self.resumed.append(checkpoint.load())
        self.calls.append((list(photos), held_out))
        kept = self.resumed[-1]
        for step in range(int(kept.split()[-1]) + 1 if kept else 1, self.steps + 1):
            self.between(step)
            on_step("training", step, self.steps)
            if step < self.steps:  # of the last step none is kept: the end follows
                checkpoint.save(f"after {step}".encode())
        return self.trained


class ScriptedIdentity:
    """Says `answer` of every face, or raises it."""

    def __init__(self) -> None:
        self.answer: Match | Exception = Match(0.6, 0.3, matches_other=False, protected=False)
        self.asked: list[tuple[str, int, int]] = []

    def match(self, consent: Consent, faces: Sequence[Embedding]) -> list[Match]:
        self.asked.append((consent.id, consent.revision, len(faces)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer] * len(faces)


class ListedFacts:
    """Says of a photo what the test listed for it; every other is of the best."""

    def __init__(self, photos: ListedPhotos) -> None:
        self._photos = photos
        self.sharpness: dict[str, float] = {}

    def measure(self, on_file: PhotoOnFile, photo: Photo) -> PhotoFacts:
        number = [one.photo_id for one in self._photos.on_file].index(on_file.photo_id)
        sharpness = self.sharpness.get(on_file.photo_id, 200.0)
        return PhotoFacts(
            on_file.photo_id, 300.0, sharpness, 0.3 + 0.05 * number, 8.0 * number - 20, 0.4 + 0.03 * number
        )


class ListedPhotos:
    def __init__(self) -> None:
        self.on_file: list[PhotoOnFile] = []

    def accepted(self, subject_id: SubjectId) -> list[PhotoOnFile]:
        return [photo for photo in self.on_file if photo.object_key.startswith(subject_id)]


@dataclass
class Service:
    """Everything a test needs of a running service."""

    database: Database
    clock: FakeClock
    consents: testing.FakeConsentView
    keyring: MemoryKeyRing
    store: MemoryStore
    photos: ListedPhotos
    trainer: ScriptedTrainer
    identity: ScriptedIdentity
    ports: Ports
    work: dict[str, WorkKind]
    events: list[Subscription]
    subject_id: SubjectId = field(default_factory=lambda: SubjectId(new_id()))

    def enrol(self, photos: int = 6) -> Consent:
        """A person with a key, a consent for everything and accepted photos."""
        self.keyring.create(self.subject_id)
        sealed = SealedObjects(self.store, Sealer(self.keyring), PHOTOS)
        for _ in range(photos):
            photo_id = new_id()
            key = f"{self.subject_id}/{photo_id}"
            sealed.put(self.subject_id, key, photo_id.encode())
            self.photos.on_file.append(PhotoOnFile(photo_id, key, LANDMARKS))
        return self.consents.grant(self.subject_id)

    def start(self, consent: Consent, adapter_id: str = "") -> Run:
        command = runs.StartTraining(self.subject_id, consent.id, AdapterId(adapter_id or new_id()), "me")
        return runs.start_training(command, self.ports)

    def get(self, run: Run) -> Run:
        return runs.get_adapter(run.subject_id, run.id, self.ports)

    def do_work(self) -> int:
        """Run what is due, letting an hour pass for what is retried."""
        ran = testing.run_work(self.work, self.database)
        self.clock.advance(3600)
        return ran + testing.run_work(self.work, self.database)

    def said(self, kind: type) -> list[Any]:
        return [message for message in testing.emitted(self.database) if isinstance(message, kind)]

    def deliver(self, message: Any) -> list[str]:
        """The same event twice, to whoever handles it; about this person unless it names another."""
        message.subject_id = message.subject_id or self.subject_id
        [group] = [subscription for subscription in self.events if type(message) in subscription.handlers]
        return testing.deliver(group, self.database, message)

    def adapter_objects(self) -> list[str]:
        return self.store.list(ADAPTERS, "")


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """On SQLite, or with "postgres" as parameter at the module's database_url."""
    clock = FakeClock(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    url = request.getfixturevalue("database_url") if getattr(request, "param", "") == "postgres" else None
    database = testing.database(tmp_path, MIGRATIONS, source="training", clock=clock, url=url)
    consents = testing.FakeConsentView(clock)
    keyring, store, photos, trainer = MemoryKeyRing(clock), MemoryStore(), ListedPhotos(), ScriptedTrainer()
    identity = ScriptedIdentity()
    transactions = SqlTransactions(database)
    ports = Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        consents=consents,
        photos=photos,
        photo_bytes=SealedObjects(store, Sealer(keyring), PHOTOS),
        adapter_bytes=SealedObjects(store, Sealer(keyring), ADAPTERS),
        trainer=trainer,
        meter=ListedFacts(photos),
        identity=identity,
        rules=Rules(
            LikenessRules(0.3),
            LEAK_RULES,
            min_photos=5,
            max_photos=10,
            open_runs=2,
            tick_s=0.5,
            dataset=DatasetRules(5),
        ),
    )
    kinds = work_kinds(ports, lease_s=30, max_attempts=3, patience_s=86_400)
    yield Service(
        database,
        clock,
        consents,
        keyring,
        store,
        photos,
        trainer,
        identity,
        ports,
        kinds,
        subscriptions(ports, store_of),
    )
    database.close()
