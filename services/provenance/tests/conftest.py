"""A whole service in memory: real database schema, real C2PA, stores and consents that the tests hold."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from PIL import Image

from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.kernel.clock import SystemClock
from semblance.kernel.consent import Consent
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE, MemoryKeyRing, MemoryStore, SealedObjects, Sealer
from semblance.provenance import main
from semblance.provenance.adapters import work
from semblance.provenance.adapters.store import store_of
from semblance.provenance.consumers import subscriptions
from semblance.provenance.handlers import asking
from semblance.provenance.ports import Ports
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit import testing
from semblance.service_kit.database import Database
from semblance.service_kit.work import WorkKind
from semblance.watermark.testing import FakeFingerprint, FakeWatermark


def picture(seed: int = 0, side_px: int = 64) -> Image.Image:
    """Noise that no compression makes small."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


@dataclass
class House:
    """The service and what surrounds it."""

    database: Database
    store: MemoryStore
    keyring: MemoryKeyRing
    consents: testing.FakeConsentView
    ports: Ports
    kinds: Mapping[str, WorkKind]

    def rendered(
        self, *, seed: int = 0, consent: Consent | None = None, use: str = "", source: str = ""
    ) -> safety_pb.ImageAllowed:
        """A consenting person's PNG in quarantine, and the filter's yes to it."""
        if consent is None:
            subject_id = new_id()
            self.keyring.create(subject_id)
            consent = self.consents.grant(subject_id)
        image_id, adapter_id, png = new_id(), new_id(), encoded(picture(seed))
        self.deliver(_trained(consent, adapter_id))
        key = f"{consent.subject_id}/{image_id}"
        SealedObjects(self.store, Sealer(self.keyring), QUARANTINE).put(consent.subject_id, key, png)
        return safety_pb.ImageAllowed(
            subject_id=consent.subject_id,
            consent_id=consent.id,
            consent_revision=consent.revision,
            image_id=image_id,
            adapter_id=adapter_id,
            quarantine_key=key,
            sha256=hashlib.sha256(png).hexdigest(),
            face_count=1,
            backbone_digest=hashlib.sha256(b"backbone").hexdigest(),
            use=use,
            source_image_id=source,
        )

    def deliver(self, message: Message, times: int = 1) -> list[str]:
        (subscription,) = [s for s in subscriptions(store_of, self.ports.seal) if type(message) in s.handlers]
        return testing.deliver(subscription, self.database, message, times)

    def work(self) -> int:
        return testing.run_work(self.kinds, self.database)

    def publish(self, **options: object) -> safety_pb.ImageAllowed:
        """A picture that went all the way."""
        allowed = self.rendered(**options)  # type: ignore[arg-type]
        self.deliver(allowed)
        self.work()
        return allowed

    def of_two(self) -> tuple[safety_pb.ImageAllowed, Consent]:
        """A rendered picture of two people, and the other one's consent."""
        allowed, other = self.rendered(), self.consents.grant(new_id())
        allowed.further_subjects.add(subject_id=other.subject_id, consent_id=other.id, consent_revision=1)
        return allowed, other

    def content(self, allowed: safety_pb.ImageAllowed) -> bytes:
        """What its owner fetches."""
        return asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), self.ports)[1]

    def emitted(self, kind: type[Message]) -> list:
        return [message for message in testing.emitted(self.database) if isinstance(message, kind)]

    def use(self, **ports: object) -> None:
        """Stand other ports in."""
        self.ports = dataclasses.replace(self.ports, **ports)  # type: ignore[arg-type]
        self.kinds = work.kinds(self.ports)

    def objects(self, bucket: str) -> list[str]:
        return self.store.list(bucket, "")


def _trained(consent: Consent, adapter_id: str) -> training_pb.AdapterTrained:
    return training_pb.AdapterTrained(
        subject_id=consent.subject_id,
        consent_id=consent.id,
        consent_revision=consent.revision,
        adapter_id=adapter_id,
        lora_sha256=hashlib.sha256(adapter_id.encode()).hexdigest(),
        backbone_digest=hashlib.sha256(b"backbone").hexdigest(),
        photo_count=12,
    )


@pytest.fixture(scope="session")
def signing_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house") / "signing"


@pytest.fixture
def settings(tmp_path: Path, signing_dir: Path) -> ProvenanceSettings:
    return ProvenanceSettings(
        database_url=f"sqlite:///{tmp_path}/provenance.sqlite",
        signing_dir=signing_dir,
        keyring_dir=tmp_path / "keys",
        keyring_kek_file=tmp_path / "kek",
        verify_max_bytes=1_000_000,
        verify_max_pixels=1_000_000,
    )


@pytest.fixture
def database_url() -> str | None:
    """SQLite; the Postgres tests name their own."""
    return None


@pytest.fixture
def house(tmp_path: Path, settings: ProvenanceSettings, database_url: str | None) -> Iterator[House]:
    clock = SystemClock()
    database = testing.database(tmp_path, main.MIGRATIONS, source="provenance", clock=clock, url=database_url)
    store, keyring, consents = MemoryStore([QUARANTINE, PUBLISHED]), MemoryKeyRing(), testing.FakeConsentView(clock)
    ports = main.ports_of(
        settings,
        database,
        store,
        keyring,
        consents=consents,
        clock=clock,
        watermark=FakeWatermark(),
        fingerprint=FakeFingerprint(),
    )
    yield House(database, store, keyring, consents, ports, work.kinds(ports))
    database.close()
