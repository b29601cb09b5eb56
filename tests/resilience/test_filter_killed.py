"""The filter's own process killed in mid-look, blind, and with more to look at than it can: what it lets out.

Real safety, identity, broker and store; ingest is not asked here (SAFETY_LIBRARY_CHECK). The pictures are photos of two
bundled people, one the subject, the other enrolled too, told of as generation tells of them. The signer follows
safety.verdict.v1 alone, so what is not allowed there is not published.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import importlib
import io
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.eventbus import BrokerSettings, KafkaBroker, from_record, to_record
from semblance.faces import SFACE, OpenCvFaceEngine
from semblance.identity.adapters.store import SqlTransactions
from semblance.identity.handlers.capture import TEMPLATE_PURPOSE
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id
from semblance.local import models
from semblance.local.process import ServiceProcess
from semblance.local.stream import LineFile
from semblance.local.testing.house import eventually
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.safety.settings import SafetySettings
from semblance.service_kit.database import Database
from semblance.synthetic_people import bundled

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(300)]
WORLD = Path(__file__).parents[1] / "bench_revocation"
TEMPLATES, SIDE_PX, WAIT_S = 5, 384, 5
# All of six attempts may wait for an identity that is away, with a pause before each.
VERDICTS_S = 150
UNAVAILABLE = ["check-unavailable"]
# Every look that there is, so that a kill falls into one; a process that died is given up soon.
SETTINGS = {
    "THOROUGH": "true",
    "LIBRARY_CHECK": "false",
    "LEASE_S": "2",
    "MATCH_DEADLINE_S": "5",
    "FILTER_ATTEMPTS": "3",
    "SWEEP_S": "0.5",
    "LOG_LEVEL": "WARNING",
}
# A kill spends one attempt, and each time that a busy machine outlasts the lease or the deadline another.
PATIENT = {"FILTER_ATTEMPTS": "6"}
# As shipped: the platform that other tests walk in this process lets every face through, and its children inherit that.
AS_SHIPPED = {
    name.upper(): str(SafetySettings.model_fields[name].default) for name in ("own_floor", "other_threshold", "margin")
}


@dataclass
class Station:
    """Everything around one safety process, which tests start and end."""

    here: Any
    broker: KafkaBroker
    quarantine: SealedObjects
    objects: MinioStore
    log: LineFile
    seen: dict[str, Any] = field(default_factory=dict)
    reader: Any = None
    safety: ServiceProcess | None = None

    def start(self, **settings: str) -> None:
        """Returns once it is ready."""
        told = self.here.environment("safety", models.default_directory())
        del told["SAFETY_OTLP_ENDPOINT"]  # nobody listens there
        told |= {f"SAFETY_{name}": value for name, value in (AS_SHIPPED | SETTINGS | settings).items()}
        self.safety = ServiceProcess("safety", [sys.executable, "-m", "semblance.safety.main", "all"], told, self.log)
        self.safety.start()
        eventually(lambda: self.ready("safety"), "safety is ready")

    def stop(self) -> None:
        if self.safety is not None:
            self.safety.ask_to_stop()
            self.safety.wait(20)

    def kill(self) -> None:
        assert self.safety is not None
        assert self.safety.pid is not None, "it must run to be killed"
        os.kill(self.safety.pid, signal.SIGKILL)
        self.safety.wait(10)

    @contextmanager
    def matching_held(self) -> Iterator[None]:
        """Identity stands still: a look that has begun waits for its match, however late the kill comes."""
        pid = self.here.identity.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def ready(self, service: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.here.config.ports[f"{service}.http"], timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def render(self, *whose: str, skip: int = 0) -> list[str]:
        """Photos of these bundled people, each as a picture of the subject in quarantine; the pictures' ids."""
        person, producer, made = self.here.everybody[0], self.broker.producer(), []
        try:
            for number, name in enumerate(whose):
                image_id, data = new_id(), png(photos(name)[TEMPLATES + skip + number % 3])
                key = f"{person.subject_id}/{image_id}.png"
                self.quarantine.put(person.subject_id, key, data)
                event = generation_pb.ImageRendered(
                    subject_id=person.subject_id,
                    consent_id=person.consent_id,
                    consent_revision=1,
                    image_id=image_id,
                    adapter_id=person.adapter_id,
                    quarantine_key=key,
                    sha256=hashlib.sha256(data).hexdigest(),
                    width_px=SIDE_PX,
                    height_px=SIDE_PX,
                    backbone_digest="0" * 64,
                )
                now = dt.datetime.now(dt.UTC)
                producer.send(to_record(event, source="generation", event_id=new_id(), time=now))
                made.append(image_id)
        finally:
            producer.close()
        return made

    def told(self) -> dict[str, list[Any]]:
        """Every verdict that anybody was told, by picture, each event once however often it was sent."""
        self.reader = self.reader or self.broker.reader(["safety.verdict.v1"])
        while True:
            records = self.reader.poll(0.3)
            self.seen |= {event.event_id: event.message for event in map(from_record, records)}
            if not records and self.reader.caught_up():
                break
        found: dict[str, list[Any]] = {}
        for message in self.seen.values():
            found.setdefault(message.image_id, []).append(message)
        return found

    def await_verdicts(self, image_ids: list[str]) -> list[list[str]]:
        """Why each was blocked, in the order asked for; nothing for one that was allowed. One verdict each."""
        eventually(lambda: self.told().keys() >= set(image_ids), "every picture has a verdict", VERDICTS_S)
        return [reasons_of(self.told()[image_id]) for image_id in image_ids]

    def row(self, query: str, image_id: str) -> Any:
        """From safety's database, as it lies there."""
        with sqlite3.connect(f"file:{self.here.layout.database('safety')}?mode=ro", uri=True) as kept:
            return kept.execute(query, (image_id,)).fetchone()

    def state_of(self, image_id: str) -> str:
        """Of its check; empty when there is none yet."""
        found = self.row("SELECT state FROM checks WHERE image_id = ?", image_id)
        return str(found[0]) if found else ""

    def at_work_on(self, image_id: str) -> bool:
        """Whether a worker holds the look at this picture."""
        held = self.row("SELECT state FROM work_items WHERE kind = 'filter_image' AND aggregate_id = ?", image_id)
        return held == ("claimed",)

    def in_quarantine(self) -> set[str]:
        return {Path(key).stem for key in self.objects.list(QUARANTINE, "")}


def photos(name: str) -> list[np.ndarray]:
    """Portraits, sRGB (SIDE_PX, SIDE_PX, 3)."""
    shown = []
    for photo in bundled.person_photos(name, ("portrait",)):
        with Image.open(io.BytesIO(photo.read())) as opened:
            shown.append(np.asarray(opened.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)))
    return shown


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def reasons_of(verdicts: list[Any]) -> list[str]:
    assert len(verdicts) == 1, "a picture has one verdict"
    assert isinstance(verdicts[0], (safety_pb.ImageAllowed, safety_pb.ImageBlocked))
    return list(getattr(verdicts[0], "reason_codes", []))


def enrol(here: Any, name: str, who: int, engine: OpenCvFaceEngine, sealer: Sealer) -> None:
    """Templates as a capture would have left them."""
    database = Database(f"sqlite:///{here.layout.database('identity')}", source="identity", clock=SystemClock())
    subject_id = here.everybody[who].subject_id
    faces = [engine.embed(photo, engine.detect(photo)[0]) for photo in photos(name)[:TEMPLATES]]
    sealed = [sealer.seal(subject_id, TEMPLATE_PURPOSE, face.tobytes()) for face in faces]
    with SqlTransactions(database, SystemClock()).write() as store:
        store.templates.replace(subject_id, sealed, SFACE.id)
    database.close()


@pytest.fixture(scope="module")
def world() -> Iterator[ModuleType]:
    """The revocation benchmark's world."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(WORLD))
        yield importlib.import_module("world")
        sys.modules.pop("world")


@pytest.fixture(scope="module")
def station(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder, models_dir = tmp_path_factory.mktemp("filter"), models.default_directory()
    everybody = importlib.import_module("people").people(2)
    identity = {"LOG_LEVEL": "INFO", "FACE_ENGINE": "opencv"}
    with world.world(folder, models_dir, everybody, identity) as here:
        sealer = Sealer(FileKeyRing(here.layout.keyring, here.layout.secrets / "kek", SystemClock()))
        engine = OpenCvFaceEngine(models_dir)
        for who, name in enumerate(("ana", "bo")):
            enrol(here, name, who, engine, sealer)
        admin = here.config.store_admin_key, here.config.store_admin_secret
        objects = MinioStore(f"127.0.0.1:{here.config.store_port}", *admin, False)
        broker = KafkaBroker(BrokerSettings(f"127.0.0.1:{here.config.ports['broker']}", timeout_s=60))
        log = LineFile(folder / "safety.log")
        made = Station(here, broker, SealedObjects(objects, sealer, QUARANTINE), objects, log)
        try:
            yield made
        finally:
            made.stop()
            if made.reader is not None:
                made.reader.close()
            log.close()


def test_killed_in_mid_look_nothing_is_said_and_the_next_process_finishes_once(station: Station) -> None:
    station.start(WAIT_MAX_S="120", **(PATIENT | {"MATCH_DEADLINE_S": "100"}))
    with station.matching_held():
        (own,) = station.render("ana")
        eventually(lambda: station.at_work_on(own), "the look begins")
        station.kill()
    assert station.at_work_on(own), "it was killed in mid-look"
    assert station.state_of(own) == "queued"
    assert station.told() == {}
    (other,) = station.render("bo")
    assert station.in_quarantine() == {own, other}
    station.start(WAIT_MAX_S="120", **PATIENT)
    assert station.await_verdicts([own, other]) == [[], ["face-not-covered", "face-of-another-person"]]
    eventually(lambda: station.in_quarantine() == {own}, "blocked pixels are destroyed")


def test_without_a_gallery_nothing_is_let_out_and_every_picture_ends(station: Station) -> None:
    identity = station.here.identity
    identity.ask_to_stop()
    identity.wait(20)
    assert identity.pid is None
    before = station.in_quarantine()
    pictures = station.render("ana", "bo")
    assert station.await_verdicts(pictures) == [UNAVAILABLE] * 2
    eventually(lambda: station.in_quarantine() == before, "blocked pixels are destroyed")
    identity.start()
    eventually(lambda: station.ready("identity"), "identity is ready")
    assert station.await_verdicts(station.render("ana")) == [[]], "and what comes afterwards is looked at"


def test_more_pictures_than_it_can_look_at_end_unseen_and_once(station: Station) -> None:
    """Killed under the load, and started again when the first of them have waited too long. How many of those that come
    afterwards are looked at in time is the machine's business."""
    before = station.in_quarantine()
    with station.matching_held():
        late = station.render(*["ana"] * 6)
        eventually(lambda: any(station.at_work_on(image_id) for image_id in late), "the looks begin")
        station.kill()
    late = [image_id for image_id in late if station.state_of(image_id) == "queued"]
    assert late, "some were waiting"
    time.sleep(WAIT_S)
    station.start(WAIT_MAX_S=str(WAIT_S), **PATIENT)
    fresh = station.render(*["ana"] * 14)
    assert station.await_verdicts(late) == [UNAVAILABLE] * len(late)
    ends = station.await_verdicts(fresh)
    assert [reasons for reasons in ends if reasons not in ([], UNAVAILABLE)] == []
    told = station.told()
    assert all(len(verdicts) == 1 for verdicts in told.values()), "nothing was said twice"
    allowed = {image_id for image_id, verdicts in told.items() if isinstance(verdicts[0], safety_pb.ImageAllowed)}
    assert allowed >= before, "what was let out stays"
    eventually(lambda: station.in_quarantine() == allowed, "blocked pixels are destroyed")
