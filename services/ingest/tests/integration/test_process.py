"""The service as it is deployed: one process, a real store, a real broker, and an identity over gRPC."""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from google.protobuf.message import Message
from PIL import Image
from pydantic import SecretStr

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2 as identity_pb2
from semblance.contracts.identity.v1 import service_pb2 as identity_service_pb2
from semblance.contracts.identity.v1 import service_pb2_grpc as identity_grpc
from semblance.contracts.ingest.v1 import events_pb2, service_pb2_grpc
from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb2
from semblance.eventbus import envelope
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.eventbus.tansu import TansuBroker
from semblance.faces import FaceEngine
from semblance.kernel.errors import Forbidden, Gone, NotFound, Unavailable
from semblance.kernel.ids import new_id
from semblance.kernel.loopback import free_ports
from semblance.objects import FileKeyRing
from semblance.objects.seaweed import Identity, SeaweedServer
from semblance.service_kit import rpc
from semblance.synthetic_people import bundled

pytestmark = pytest.mark.integration
TOKEN = SecretStr("a token for tests")
ACTIONS = tuple(
    f"{verb}:{bucket}" for bucket in ("incoming", "photos") for verb in ("Read", "Write", "List", "Tagging")
)
INGEST = Identity("ingest", "ingest-key", "ingest-secret-for-tests", ACTIONS)


class _Identity(identity_grpc.IdentityServiceServicer):
    """Knows one face: whoever's it is, it is the asker's."""

    def __init__(self, template: np.ndarray) -> None:
        self._template = template
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked = threading.Event()

    def MatchFaces(self, request, context):
        self.asked.set()
        self.go_on.wait(60)
        scores = [float(np.array(face.values, np.float32) @ self._template) for face in request.embeddings]
        matches = [identity_service_pb2.FaceMatch(own_score=s, other_score=-1, matches_own=s >= 0.5) for s in scores]
        return identity_service_pb2.MatchFacesResponse(matches=matches, enrolled=True)


class World:
    """Everything around the process, and the process."""

    def __init__(self, root: Path, weed: SeaweedServer, tansu: TansuBroker, identity: _Identity, port: int) -> None:
        self.root, self.weed, self.identity = root, weed, identity
        self.broker = KafkaBroker(BrokerSettings(tansu.bootstrap_servers, timeout_s=30))
        self.broker.ensure_topics(registry.service_topics("ingest"))
        self.keyring = FileKeyRing(root / "keys", root / "secrets" / "kek")
        self.subject, self.consent = new_id(), new_id()
        self.keyring.create(self.subject)
        self.http_port, self.grpc_port = free_ports(2)
        self.environment = {
            "INGEST_DATABASE_URL": f"sqlite:///{root}/ingest.sqlite",
            "INGEST_KAFKA_BOOTSTRAP_SERVERS": tansu.bootstrap_servers,
            "INGEST_S3_ENDPOINT": weed.endpoint,
            "INGEST_S3_ACCESS_KEY": INGEST.access_key,
            "INGEST_S3_SECRET_KEY": INGEST.secret_key,
            "INGEST_KEYRING_DIR": str(root / "keys"),
            "INGEST_KEYRING_KEK_FILE": str(root / "secrets" / "kek"),
            "INGEST_HTTP_PORT": str(self.http_port),
            "INGEST_GRPC_PORT": str(self.grpc_port),
            "INGEST_INTERNAL_TOKEN": TOKEN.get_secret_value(),
            "INGEST_IDENTITY_ADDRESS": f"127.0.0.1:{port}",
            "INGEST_MODELS_DIR": os.environ.get(
                "SEMBLANCE_MODELS_DIR", str(Path(__file__).parents[4] / ".cache" / "models")
            ),
            "INGEST_DRAIN_TIMEOUT_S": "5",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.stub = service_pb2_grpc.IngestServiceStub(rpc.connect(f"127.0.0.1:{self.grpc_port}", TOKEN, deadline_s=60))

    def start(self) -> None:
        with (self.root / "log.jsonl").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "semblance.ingest.main", "all"],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )
        self.eventually(self._ready)

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def tell(self, message: Message) -> None:
        producer = self.broker.producer()
        now = dt.datetime.now(dt.UTC)
        producer.send(envelope.to_record(message, source="identity", event_id=new_id(), time=now))
        producer.close()

    def told(self, kind: type[Message]) -> list[Message]:
        """So far. An event is one however often it was sent: who is killed sends some again."""
        reader = self.broker.reader([registry.topic_of(kind).name])
        found: dict[str, Message] = {}
        try:
            while not reader.caught_up():
                found |= {event.event_id: event.message for event in map(envelope.from_record, reader.poll(1.0))}
        finally:
            reader.close()
        return [message for message in found.values() if isinstance(message, kind)]

    def eventually(self, what: Callable[[], bool], timeout_s: float = 100) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not what():
            assert self.process is None or self.process.poll() is None, (self.root / "log.jsonl").read_text()[-3000:]
            assert time.monotonic() < deadline_s, (self.root / "log.jsonl").read_text()[-3000:]
            time.sleep(0.1)

    def upload(self, data: bytes, photo_id: str = "") -> pb.Photo:
        header = pb.UploadHeader(subject_id=self.subject, consent_id=self.consent, photo_id=photo_id)
        parts = [data[i : i + 100_000] for i in range(0, len(data), 100_000)]
        requests = [pb.UploadPhotoRequest(header=header), *(pb.UploadPhotoRequest(data=part) for part in parts)]
        return self.stub.UploadPhoto(iter(requests))

    def allowed(self, data: bytes, photo_id: str) -> bool:
        """Whether the upload is taken now: a consent needs a moment to arrive."""
        try:
            self.upload(data, photo_id)
        except (Forbidden, Unavailable):
            return False
        return True

    def state(self, photo_id: str) -> int:
        try:
            return int(self.stub.GetPhoto(pb.GetPhotoRequest(subject_id=self.subject, photo_id=photo_id)).state)
        except Unavailable:
            return 0

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.http_port}/readyz").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def world(tmp_path: Path, engine: FaceEngine) -> Iterator[World]:
    frame = np.asarray(Image.open(io.BytesIO(bundled.capture("ana")[0].read())).convert("RGB"))
    template = engine.embed(frame, engine.detect(frame)[0])
    identity, server = _Identity(template), rpc.server(TOKEN)
    identity_grpc.add_IdentityServiceServicer_to_server(identity, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    weed = SeaweedServer(tmp_path / "weed", buckets=["incoming", "photos", "quarantine"], identities=[INGEST])
    with weed, TansuBroker() as tansu:
        made = World(tmp_path, weed, tansu, identity, port)
        try:
            yield made
        finally:
            if made.process is not None and made.process.poll() is None:
                made.end(signal.SIGKILL)
            identity.go_on.set()
            server.stop(0).wait()


def _granted(world: World) -> identity_pb2.ConsentGranted:
    state = identity_pb2.ConsentState(
        subject_id=world.subject, consent_id=world.consent, revision=1, purposes=[identity_pb2.PURPOSE_PHOTOS]
    )
    state.granted_at.GetCurrentTime()
    state.expires_at.FromDatetime(dt.datetime.now(dt.UTC) + dt.timedelta(days=30))
    return identity_pb2.ConsentGranted(
        subject_id=world.subject, consent_id=world.consent, consent_revision=1, state=state
    )


@pytest.mark.timeout(240)
def test_from_consent_to_erasure_with_a_kill_in_between(world: World) -> None:
    photos = bundled.person_photos("ana")
    world.start()
    world.tell(_granted(world))
    first = new_id()
    world.eventually(lambda: world.allowed(photos[0].read(), first))
    world.eventually(lambda: world.state(first) == pb.PHOTO_STATE_ACCEPTED)

    address = world.stub.CreateUpload(
        pb.CreateUploadRequest(
            subject_id=world.subject, consent_id=world.consent, content_type="image/jpeg", size_bytes=9
        )
    )
    assert httpx.put(address.url, content=photos[1].read(), timeout=60).status_code == 200
    done = world.stub.CompleteUpload(pb.CompleteUploadRequest(subject_id=world.subject, photo_id=address.photo_id))
    assert done.state == pb.PHOTO_STATE_RECEIVED

    world.eventually(lambda: world.state(address.photo_id) == pb.PHOTO_STATE_ACCEPTED)
    world.identity.asked.clear()
    world.identity.go_on.clear()
    later = [world.upload(photo.read()).photo_id for photo in photos[2:6]]
    assert world.identity.asked.wait(60)  # in the middle of a look
    assert world.end(signal.SIGKILL) == -signal.SIGKILL
    world.identity.go_on.set()
    world.start()
    uploaded = [first, address.photo_id, *later]
    world.eventually(lambda: all(world.state(photo_id) == pb.PHOTO_STATE_ACCEPTED for photo_id in uploaded))
    world.eventually(lambda: len(world.told(events_pb2.PhotoAccepted)) == len(uploaded))
    [own] = world.stub.ListPeople(pb.ListPeopleRequest(subject_id=world.subject)).people
    assert (own.own, len(own.face_ids)) == (True, len(uploaded))

    store = world.weed.store()
    assert len(store.list("photos", "")) == len(uploaded)
    assert store.list("incoming", "") == []
    assert all(b"JFIF" not in store.get("photos", key) for key in store.list("photos", ""))

    # By somebody at the broker who is not identity: the key stands.
    world.tell(platform_pb2.ErasureRequested(subject_id=world.subject, erasure_id=new_id()))
    world.eventually(lambda: "erasure-not-asked" in (world.root / "log.jsonl").read_text())
    world.keyring.destroy(world.subject)
    content = pb.GetPhotoContentRequest(subject_id=world.subject, photo_id=first)
    with pytest.raises(Gone):
        list(world.stub.GetPhotoContent(content))
    world.tell(platform_pb2.ErasureRequested(subject_id=world.subject, erasure_id=new_id()))
    world.eventually(lambda: len(world.told(platform_pb2.ServiceErased)) == 1)
    counts = {count.store: count.count for count in world.told(platform_pb2.ServiceErased)[0].stores}
    assert counts["objects:photos"] == counts["database:photos"] == counts["database:faces"] == len(uploaded)
    assert store.list("photos", "") == []
    with pytest.raises(NotFound):
        world.stub.GetPhoto(pb.GetPhotoRequest(subject_id=world.subject, photo_id=first))
    with pytest.raises(Gone):
        world.upload(photos[7].read())
    assert world.end(signal.SIGTERM) == 0
