"""A service as a real process on a real broker: signals, exit codes, kill -9 in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from semblance.contracts import registry
from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus import envelope
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id

pytestmark = pytest.mark.integration
TOPIC = "platform.erasure.v1"
_SERVICE = """
import sys, time
from dataclasses import replace
from pathlib import Path
from pydantic_settings import SettingsConfigDict
from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.service_kit import runtime
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.work import WorkKind


class IngestSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True)
    migrations_dir: Path
    work_s: float = 0


def build(settings):
    def requested(message, unit):
        if message.erasure_id.endswith("dead"):
            raise KeyError("bug")
        unit.enqueue("erase", message.erasure_id, {"subject_id": message.subject_id})

    def erase(item, context):
        print("working", flush=True)
        time.sleep(settings.work_s)
        answer = events_pb2.ServiceErased(
            subject_id=item.payload["subject_id"], erasure_id=item.aggregate_id, service="ingest"
        )
        return lambda unit: unit.emit(answer) and None

    return runtime.Application(
        name="ingest",
        settings=settings,
        database=Database(settings.database_url, source="ingest"),
        broker=KafkaBroker(replace(runtime.broker_of(settings)._settings, timeout_s=30)),
        subscriptions=[Subscription("ingest.erasure", {events_pb2.ErasureRequested: requested})],
        work={"erase": WorkKind(run=erase, failed=lambda *a: None, lease_s=3)},
        migrations_dir=settings.migrations_dir,
    )


runtime.run(build, IngestSettings)
"""


def kafka(tansu: TansuBroker) -> KafkaBroker:
    """Patient: the broker is not killed here, and a machine may stand still for a moment."""
    return KafkaBroker(BrokerSettings(tansu.bootstrap_servers, timeout_s=30))


@pytest.fixture(scope="module")
def tansu() -> Iterator[TansuBroker]:
    with TansuBroker() as broker:
        kafka(broker).ensure_topics([registry.TOPICS[TOPIC]])
        yield broker


class Process:
    def __init__(self, tmp_path: Path, migrations_dir: Path, tansu: TansuBroker, work_s: float = 0) -> None:
        script = tmp_path / "service.py"
        script.write_text(_SERVICE)
        self.log = tmp_path / "log.jsonl"
        self._log_begins = self.log.stat().st_size if self.log.exists() else 0
        environment = {
            "INGEST_DATABASE_URL": f"sqlite:///{tmp_path}/ingest.sqlite",
            "INGEST_KAFKA_BOOTSTRAP_SERVERS": tansu.bootstrap_servers,
            "INGEST_MIGRATIONS_DIR": str(migrations_dir),
            "INGEST_HTTP_PORT": "0",
            "INGEST_INTERNAL_TOKEN": "t",
            "INGEST_DRAIN_TIMEOUT_S": "5",
            "INGEST_WORK_S": str(work_s),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(script), "all"], env={**os.environ, **environment}, stdout=log, stderr=log
            )

    def ready(self) -> bool:
        try:
            return any(httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200 for port in self._ports())
        except httpx.HTTPError:
            return False

    def working(self) -> bool:
        return "working" in self.said()

    def said(self) -> str:
        """Its own part of the log that all these processes write."""
        return self.log.read_bytes()[self._log_begins :].decode()

    def _ports(self) -> list[int]:
        """The one that it says it got, once it has started."""
        lines = [json.loads(text) for text in self.said().splitlines(keepends=True) if text.endswith("}\n")]
        return [line["http_port"] for line in lines if line["event"] == "started"]


def eventually(what: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)


def ask(tansu: TansuBroker, erasure_id: str | None = None) -> str:
    message = events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=erasure_id or new_id())
    producer = kafka(tansu).producer()
    producer.send(envelope.to_record(message, source="identity", event_id=new_id(), time=SystemClock().now()))
    producer.close()
    return message.erasure_id


def answers(tansu: TansuBroker, erasure_id: str) -> int:
    reader = kafka(tansu).reader([TOPIC])
    found = []
    try:
        while not reader.caught_up():
            found += [envelope.from_record(record).message for record in reader.poll(1.0)]
    finally:
        reader.close()
    return sum(isinstance(m, events_pb2.ServiceErased) and m.erasure_id == erasure_id for m in found)


@pytest.mark.timeout(180)
def test_a_process_serves_stops_on_a_signal_and_survives_a_kill(
    tmp_path: Path, migrations_dir: Path, tansu: TansuBroker
) -> None:
    first = Process(tmp_path, migrations_dir, tansu)
    eventually(first.ready)
    erasure_id = ask(tansu)
    eventually(lambda: answers(tansu, erasure_id) == 1)
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(60) == 0

    second = Process(tmp_path, migrations_dir, tansu, work_s=60)
    eventually(second.ready)
    killed = ask(tansu)
    eventually(second.working)
    second.process.kill()
    second.process.wait(10)

    third = Process(tmp_path, migrations_dir, tansu)
    try:
        eventually(lambda: answers(tansu, killed) == 1)
        assert answers(tansu, erasure_id) == 1
        lines = [json.loads(text) for text in third.log.read_text().splitlines() if text.startswith("{")]
        assert {line["service"] for line in lines} == {"ingest"}
        ask(tansu, f"{new_id()[:-4]}dead")
        assert third.process.wait(60) == 1
    finally:
        third.process.kill()
        third.process.wait(10)
