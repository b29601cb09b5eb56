"""The real parts: SeaweedFS, Tansu with its log in it, and identity as a process of its own."""

from __future__ import annotations

import datetime as dt
import http.client
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from people import Person
from pydantic import SecretStr

from semblance.contracts.identity.v1 import service_pb2 as identity_pb
from semblance.contracts.identity.v1.service_pb2_grpc import IdentityServiceStub
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id
from semblance.local import config as configuration
from semblance.local.backing import Backing, backing_of
from semblance.local.environment import of_service
from semblance.local.layout import Layout
from semblance.local.process import ServiceProcess
from semblance.local.stream import LineFile
from semblance.objects import ADAPTERS, FileKeyRing, MinioStore, ObjectStore, SealedObjects, Sealer
from semblance.service_kit import rpc

_START_S = 120.0


@dataclass
class World:
    """What runs, and who is in it."""

    layout: Layout
    config: Any
    backing: Backing
    identity: ServiceProcess
    channel: Any
    everybody: list[Person]
    broker: Broker
    objects: ObjectStore

    def revoke(self, person: Person) -> None:
        """The call that the deadline counts from. Raises what identity raises."""
        request = identity_pb.RevokeConsentRequest(
            subject_id=person.subject_id, consent_id=person.consent_id, reason="withdrawn"
        )
        IdentityServiceStub(self.channel).RevokeConsent(request, timeout=15)

    def environment(self, service: str, models_dir: Path) -> dict[str, str]:
        """What a station's process is told."""
        told = of_service(service, self.config, self.layout, models_dir)
        return told | {
            "BENCH_ENDPOINT": f"127.0.0.1:{self.config.store_port}",
            "BENCH_KEY": self.config.store_admin_key,
            "BENCH_SECRET": self.config.store_admin_secret,
        }

    def station_environment(self, service: str, models_dir: Path) -> dict[str, str]:
        """The same of a station: no fixed ports, no telemetry, everybody's adapter in memory, no limit that an attempt
        would meet before the consent, and as many looks at once as attempts."""
        prefix = service.upper()
        told = self.environment(service, models_dir)
        told.pop(f"{prefix}_OTLP_ENDPOINT")
        return told | {
            f"{prefix}_HTTP_PORT": "0",
            f"{prefix}_GRPC_PORT": "0",
            "GENERATION_LOADED_ADAPTERS": str(len(self.everybody)),
            "GENERATION_ADAPTER_IDLE_S": "3600",
            "GENERATION_OPEN_IMAGES": "1000",
            "GENERATION_TICK_S": "10",
            "SAFETY_FILTERS_AT_ONCE": "2",
        }

    def published(self) -> list[tuple[str, float]]:
        """Every picture that was ever published, as (subject, Unix time), read off the topic as anybody may."""
        reader = self.broker.reader(["provenance.manifest.v1"])
        found = []
        try:
            while not reader.caught_up():
                for record in reader.poll(1.0):
                    event = envelope.from_record(record)
                    if isinstance(event.message, provenance_pb.ImagePublished):
                        found.append((event.message.subject_id, event.time.timestamp()))
        finally:
            reader.close()
        return found

    def grant(self) -> None:
        """Tell everybody of the consents, as identity's relay does, and of the adapters, as training's; identity, which
        starts afterwards, takes over what its log says, as after a restore."""
        now = dt.datetime.now(dt.UTC)
        producer = self.broker.producer()
        try:
            producer.send_many(
                [
                    envelope.to_record(event, source=source, event_id=new_id(), time=now)
                    for person in self.everybody
                    for source, event in (("identity", person.granted(now)), ("training", person.trained()))
                ]
            )
        finally:
            producer.close()

    def seal(self) -> None:
        """A data key and a sealed adapter for everybody."""
        keyring = FileKeyRing(self.layout.keyring, self.layout.secrets / "kek", SystemClock())
        adapters = SealedObjects(self.objects, Sealer(keyring), ADAPTERS)

        def one(person: Person) -> None:
            keyring.create(person.subject_id)
            adapters.put(person.subject_id, person.lora_key, person.lora)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, self.everybody))


@contextmanager
def world(data: Path, models_dir: Path, everybody: list[Person], settings: Mapping[str, str]) -> Iterator[World]:
    """Everything started, stopped at the end. `settings` are identity's beside what a platform tells it."""
    layout = Layout(data)
    layout.make()
    config = configuration.load_or_make(layout.config)
    backing = backing_of(config, layout)
    log = LineFile(layout.log)
    identity = ServiceProcess(
        "identity",
        [sys.executable, "-m", "semblance.identity.main", "all"],
        _told(config, layout, models_dir) | {f"IDENTITY_{n}": v for n, v in settings.items()},
        log,
    )
    try:
        backing.start(lambda _: None, print)
        token = SecretStr(config.internal_token)
        channel = rpc.connect(f"127.0.0.1:{config.ports['identity.grpc']}", token)
        broker = KafkaBroker(BrokerSettings(f"127.0.0.1:{config.ports['broker']}", timeout_s=10))
        admin = config.store_admin_key, config.store_admin_secret
        objects = MinioStore(f"127.0.0.1:{config.store_port}", *admin, False)
        made = World(layout, config, backing, identity, channel, everybody, broker, objects)
        made.seal()
        made.grant()
        identity.start()
        _await_ready(config.ports["identity.http"])
        yield made
        channel.close()
    finally:
        identity.ask_to_stop()
        identity.wait(20)
        backing.stop()
        log.close()


def _told(config: Any, layout: Layout, models_dir: Path) -> dict[str, str]:
    told = of_service("identity", config, layout, models_dir)
    del told["IDENTITY_OTLP_ENDPOINT"]  # nobody listens there
    return told


def _await_ready(port: int) -> None:
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.3)
    raise TimeoutError("identity does not get ready")
