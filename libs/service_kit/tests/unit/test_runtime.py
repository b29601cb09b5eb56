from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from semblance.contracts import registry
from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.kernel.ids import new_id
from semblance.service_kit import runtime
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.http import create_app
from semblance.service_kit.parts import ROLES
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind

TOPIC = "platform.erasure.v1"


@dataclass
class Service:
    """An erasing service: an event queues work, the work emits the answer."""

    database: Database
    broker: MemoryBroker
    fail: threading.Event = field(default_factory=threading.Event)
    slow: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    hooks: list[str] = field(default_factory=list)

    def requested(self, message: events_pb2.ErasureRequested, unit: Unit) -> None:
        if self.fail.is_set():
            raise KeyError("bug")
        unit.enqueue("erase", message.erasure_id, {"subject_id": message.subject_id})

    def erase(self, item: WorkItem, context: WorkContext) -> Settle:
        self.began.set()
        while self.slow.is_set():
            time.sleep(0.01)
        answer = events_pb2.ServiceErased(
            subject_id=str(item.payload["subject_id"]), erasure_id=item.aggregate_id, service="ingest"
        )
        return lambda unit: unit.emit(answer) and None

    def application(self, migrations_dir: Path, drain_timeout_s: float = 30) -> runtime.Application:
        settings = ServiceSettings(internal_token=SecretStr("t"), drain_timeout_s=drain_timeout_s)
        return runtime.Application(
            name="ingest",
            settings=settings,
            database=self.database,
            broker=self.broker,
            subscriptions=[Subscription("ingest.erasure", {events_pb2.ErasureRequested: self.requested})],
            work={"erase": WorkKind(run=self.erase, failed=lambda *_: None)},
            migrations_dir=migrations_dir,
            on_start=[lambda: self.hooks.append("start")],
            on_stop=[lambda: self.hooks.append("stop")],
        )


@pytest.fixture
def service(database: Database) -> Service:
    broker = MemoryBroker()
    broker.ensure_topics([registry.TOPICS[TOPIC]])
    return Service(database, broker)


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where what is started here answers HTTP, in the order of the starts."""
    found: list[int] = []
    started = runtime.Parts.start

    def start(parts: runtime.Parts) -> None:
        started(parts)
        found.append(parts.http_port)

    monkeypatch.setattr(runtime.Parts, "start", start)
    return found


class Serving:
    def __init__(self, application: runtime.Application, role: str = "all") -> None:
        self.stop = threading.Event()
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run, args=(application, role), daemon=True)
        self.thread.start()

    def _run(self, application: runtime.Application, role: str) -> None:
        self.code = runtime.serve(application, ROLES[role], self.stop)

    def end(self) -> int | None:
        self.stop.set()
        self.thread.join(60)
        return self.code


def eventually(what: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def ask(service: Service) -> str:
    message = events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())
    with trace.get_tracer("test").start_as_current_span("ask") as span:
        context = span.get_span_context()
        traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01" if context.is_valid else None
        now = service.database.clock.now()
        record = envelope.to_record(message, source="identity", event_id=new_id(), time=now, traceparent=traceparent)
        service.broker.producer().send(record)
    return message.erasure_id


def answers(service: Service) -> list[events_pb2.ServiceErased]:
    messages = [envelope.from_record(record).message for record in service.broker.records(TOPIC)]
    return [message for message in messages if isinstance(message, events_pb2.ServiceErased)]


def test_an_event_becomes_work_becomes_an_event_in_one_trace(
    service: Service, migrations_dir: Path, spans: InMemorySpanExporter
) -> None:
    serving = Serving(service.application(migrations_dir))
    try:
        erasure_id = ask(service)
        eventually(lambda: len(answers(service)) == 1)
    finally:
        assert serving.end() == 0
    assert answers(service)[0].erasure_id == erasure_id
    assert service.hooks == ["start", "stop"]
    by_name = {span.name: span for span in spans.get_finished_spans()}
    asked, consumed, worked = by_name["ask"], by_name[f"{TOPIC} process"], by_name["work erase"]
    assert asked.context
    assert consumed.context
    assert consumed.parent
    assert worked.parent
    assert consumed.parent.span_id == asked.context.span_id
    assert worked.parent.span_id == consumed.context.span_id
    answer = next(r for r in service.broker.records(TOPIC) if "ServiceErased" in str(r.header("ce_type")))
    assert str(answer.header("traceparent")).split("-")[1] == f"{asked.context.trace_id:032x}"


def test_behind_closed_doors_an_erasure_is_answered_and_nobody_else_is(
    service: Service, migrations_dir: Path, ports: list[int]
) -> None:
    public = create_app("ingest", "1")
    public.get("/v1/photos")(lambda: "a person's")
    serving = Serving(replace(service.application(migrations_dir), http=public), "behind")
    try:
        ask(service)
        eventually(lambda: len(answers(service)) == 1 and bool(ports))
        url = f"http://127.0.0.1:{ports[0]}"
        assert httpx.get(f"{url}/healthz", timeout=30).status_code == httpx.codes.OK
        assert httpx.get(f"{url}/v1/photos", timeout=30).status_code == httpx.codes.NOT_FOUND
    finally:
        assert serving.end() == 0


def test_a_bug_in_a_handler_ends_the_process_with_one(service: Service, migrations_dir: Path) -> None:
    service.fail.set()
    serving = Serving(service.application(migrations_dir))
    ask(service)
    serving.thread.join(60)
    assert serving.code == 1
    assert service.hooks == ["start", "stop"]


def test_stopping_lets_running_work_end_and_sends_what_it_wrote(service: Service, migrations_dir: Path) -> None:
    service.slow.set()
    serving = Serving(service.application(migrations_dir))
    ask(service)
    assert service.began.wait(60)
    serving.stop.set()
    time.sleep(0.2)
    service.slow.clear()
    assert serving.end() == 0
    assert len(answers(service)) == 1


def test_work_that_does_not_end_is_given_back_and_the_stop_is_still_in_time(
    service: Service, migrations_dir: Path
) -> None:
    """In time one of three times: on a machine that stands still meanwhile nothing is."""
    service.slow.set()
    ask(service)

    def took_s() -> float:
        service.began.clear()
        serving = Serving(service.application(migrations_dir, drain_timeout_s=3))
        assert service.began.wait(60)
        began_s = time.monotonic()
        assert serving.end() == 0
        return time.monotonic() - began_s

    assert any(took_s() < 6 for _ in range(3))
    service.slow.clear()
    again = Serving(service.application(migrations_dir))
    eventually(lambda: len(answers(service)) >= 1)
    assert again.end() == 0
    assert len(answers(service)) == 1


@pytest.mark.parametrize("role", ["api", "consume", "work", "relay", "all"])
def test_every_process_answers_health_and_readiness(
    service: Service, migrations_dir: Path, role: str, ports: list[int]
) -> None:
    serving = Serving(service.application(migrations_dir), role)
    try:
        eventually(lambda: bool(ports))
        url = f"http://127.0.0.1:{ports[0]}"
        assert httpx.get(f"{url}/healthz", timeout=30).status_code == 200
        eventually(lambda: httpx.get(f"{url}/readyz", timeout=30).status_code == 200)
    finally:
        assert serving.end() == 0


def test_a_queue_that_is_empty_is_told_as_such(
    service: Service, migrations_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not left out: then an empty queue and a process that says nothing would look alike."""
    told: list[Callable[[], dict[str, float]]] = []
    monkeypatch.setattr("semblance.service_kit.metrics.watch_queue", told.append)
    serving = Serving(service.application(migrations_dir), "work")
    try:
        eventually(lambda: bool(told))
        assert told[0]() == {"erase": 0.0}
    finally:
        assert serving.end() == 0


def test_split_processes_do_together_what_one_does(service: Service, migrations_dir: Path) -> None:
    split = [Serving(service.application(migrations_dir), role) for role in ("consume", "work", "relay")]
    try:
        ask(service)
        eventually(lambda: len(answers(service)) == 1)
    finally:
        assert [serving.end() for serving in split] == [0, 0, 0]


@pytest.mark.timeout(600)
def test_a_start_that_fails_says_what_to_do_and_nothing_of_an_unforeseen_fault(tmp_path: Path) -> None:
    program = (
        "from semblance.kernel.errors import Unavailable\n"
        "from semblance.service_kit import runtime\n"
        "from semblance.service_kit.settings import ServiceSettings\n"
        "def build(_settings):\n    raise {error}\n"
        "runtime.run(build, ServiceSettings, ['migrate'])\n"
    )

    def said(error: str) -> dict[str, object]:
        command = [sys.executable, "-c", program.format(error=error)]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
        assert ended.returncode == 1
        return json.loads(ended.stdout.splitlines()[-1])

    known = said("Unavailable('no file x', remedy='Put it into y.', code='face-model-missing')")
    assert (known["event"], known["error_code"]) == ("process failed: no file x. Put it into y.", "face-model-missing")
    assert "secret" not in str(said("ValueError('a secret')"))


@pytest.mark.timeout(300)
def test_what_a_process_is_made_of_is_left_out_of_garbage_collections(tmp_path: Path) -> None:
    program = (
        "import gc, pathlib\n"
        "from semblance.eventbus.memory_broker import MemoryBroker\n"
        "from semblance.kernel.errors import Unavailable\n"
        "from semblance.service_kit import runtime\n"
        "from semblance.service_kit.database import Database\n"
        "from semblance.service_kit.settings import ServiceSettings\n"
        "def begun():\n"
        "    raise Unavailable(f'{gc.get_freeze_count()} left out of {len(gc.get_objects())} more')\n"
        "def build(settings):\n"
        "    return runtime.Application(name='ingest', settings=settings, broker=MemoryBroker(), on_start=[begun],\n"
        "        database=Database('sqlite:///db.sqlite', source='ingest'))\n"
        "runtime.run(build, ServiceSettings, ['consume'])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    said = str(json.loads(ended.stdout.splitlines()[-1])["event"]).split()
    left_out, more = int(said[2]), int(said[6])
    assert left_out > 10 * more
