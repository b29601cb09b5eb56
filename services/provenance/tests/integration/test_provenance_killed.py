"""kill -9 in the middle of signing: every picture is published once, and nothing else stays in the stores."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from PIL import Image

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.eventbus import BrokerSettings, KafkaBroker, from_record, to_record
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.ids import new_id
from semblance.objects import PUBLISHED, QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.objects.seaweed import SeaweedServer

pytestmark = [pytest.mark.integration, pytest.mark.resilience, pytest.mark.timeout(400)]
PICTURES = 12


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    with TansuBroker() as tansu, SeaweedServer(tmp_path / "s3", buckets=[QUARANTINE, PUBLISHED]) as seaweed:
        yield {
            "PROVENANCE_DATABASE_URL": f"sqlite:///{tmp_path}/provenance.sqlite",
            "PROVENANCE_KAFKA_BOOTSTRAP_SERVERS": tansu.bootstrap_servers,
            "PROVENANCE_S3_ENDPOINT": seaweed.endpoint,
            "PROVENANCE_S3_ACCESS_KEY": seaweed.access_key,
            "PROVENANCE_S3_SECRET_KEY": seaweed.secret_key,
            "PROVENANCE_KEYRING_DIR": str(tmp_path / "keys"),
            "PROVENANCE_KEYRING_KEK_FILE": str(tmp_path / "kek"),
            "PROVENANCE_SIGNING_DIR": str(tmp_path / "signing"),
            "PROVENANCE_INTERNAL_TOKEN": "between services",
        }


def _start(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "semblance.provenance.main", "all"]
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def test_a_killed_service_publishes_every_picture_once(environment: Mapping[str, str], tmp_path: Path) -> None:
    broker = KafkaBroker(BrokerSettings(environment["PROVENANCE_KAFKA_BOOTSTRAP_SERVERS"], timeout_s=30))
    broker.ensure_topics(list(registry.TOPICS.values()))
    producer = broker.producer()

    def send(message: Message) -> None:
        producer.send(to_record(message, source="test", event_id=new_id(), time=dt.datetime.now(dt.UTC)))

    keyring = FileKeyRing(tmp_path / "keys", tmp_path / "kek")
    consent = _consent()
    keyring.create(consent.subject_id)
    send(consent)
    keys = environment["PROVENANCE_S3_ACCESS_KEY"], environment["PROVENANCE_S3_SECRET_KEY"]
    store = MinioStore(environment["PROVENANCE_S3_ENDPOINT"], *keys, secure=False)
    pictures = SealedObjects(store, Sealer(keyring), QUARANTINE)
    service = _start(environment)
    try:
        adapter_id = new_id()
        send(_trained(consent, adapter_id))
        for number in range(PICTURES):
            send(_rendered(consent, pictures, number, adapter_id))
        _wait(lambda: len(store.list(PUBLISHED, "")) >= 3)
        service.send_signal(signal.SIGKILL)
        service.wait()
        service = _start(environment)
        reader, found = broker.reader(["provenance.manifest.v1"]), {}

        def all_published() -> bool:
            for record in reader.poll(0.2):
                message = from_record(record).message
                assert isinstance(message, provenance_pb.ImagePublished)
                assert found.setdefault(message.image_id, message) == message
            return len(found) == PICTURES

        _wait(all_published)
        reader.close()
        expected = sorted(message.object_key for message in found.values())
        _wait(lambda: store.list(PUBLISHED, "") == expected)
        _wait(lambda: store.list(QUARANTINE, "") == [])
        published = SealedObjects(store, Sealer(keyring), PUBLISHED)
        for message in found.values():
            data = published.get(message.subject_id, message.object_key)
            assert hashlib.sha256(data).hexdigest() == message.sha256
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    finally:
        producer.close()
        if service.poll() is None:
            service.kill()
            service.wait()


def _consent() -> identity_pb.ConsentGranted:
    now, subject_id, consent_id = int(time.time()), new_id(), new_id()
    state = identity_pb.ConsentState(
        subject_id=subject_id,
        consent_id=consent_id,
        revision=1,
        purposes=[identity_pb.PURPOSE_GENERATE],
        granted_at=Timestamp(seconds=now - 60),
        expires_at=Timestamp(seconds=now + 3600),
    )
    return identity_pb.ConsentGranted(subject_id=subject_id, consent_id=consent_id, consent_revision=1, state=state)


def _trained(consent: identity_pb.ConsentGranted, adapter_id: str) -> training_pb.AdapterTrained:
    return training_pb.AdapterTrained(
        subject_id=consent.subject_id,
        consent_id=consent.consent_id,
        consent_revision=1,
        adapter_id=adapter_id,
        lora_sha256="a" * 64,
        backbone_digest="b" * 64,
        photo_count=12,
    )


def _rendered(
    consent: identity_pb.ConsentGranted, pictures: SealedObjects, number: int, adapter_id: str
) -> safety_pb.ImageAllowed:
    pixels = np.random.default_rng(number).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    output, image_id = io.BytesIO(), new_id()
    Image.fromarray(pixels).save(output, "PNG")
    key = f"{consent.subject_id}/{image_id}"
    pictures.put(consent.subject_id, key, output.getvalue())
    return safety_pb.ImageAllowed(
        subject_id=consent.subject_id,
        consent_id=consent.consent_id,
        consent_revision=1,
        image_id=image_id,
        adapter_id=adapter_id,
        quarantine_key=key,
        sha256=hashlib.sha256(output.getvalue()).hexdigest(),
        face_count=1,
        backbone_digest="b" * 64,
    )


def _wait(true, timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
