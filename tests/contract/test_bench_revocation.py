"""The revocation benchmark counts what it says that it counts, on notes written by hand, and its stations are built
from the services as they are."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.registry import TOPICS
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import new_id
from semblance.local import config, models
from semblance.local.layout import Layout
from semblance.objects import MemoryStore
from semblance.service_kit.parts import ROLES
from semblance.service_kit.runtime import serve

HOME = Path(__file__).parents[1] / "bench_revocation"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HOME))
    spec = importlib.util.spec_from_file_location("bench_revocation_report", HOME / "report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("page", None)
    return module


def run(*rows: list[object], last_yes_s: float = 0.0, published: tuple[tuple[str, float], ...] = ()) -> SimpleNamespace:
    """Person 0, asked to stop at 10.0 s, answered at 10.2 s, which is 1000.2 in Unix time."""
    revocation = SimpleNamespace(
        person=SimpleNamespace(number=0, subject_id="ada"), called_s=10.0, returned_s=10.2, wall_s=1000.2
    )
    notes = {"provenance": {"rows": list(rows), "probes": 1, "longest_gap_s": 0.0}}
    return SimpleNamespace(
        name="plain",
        revocations=[revocation],
        notes=notes,
        last_yes_s={"provenance": [last_yes_s]},
        published=list(published),
        seconds=1.0,
    )


def test_the_last_moment_is_the_later_of_a_yes_and_of_the_end_of_what_was_made(report: ModuleType) -> None:
    made, refused = [0, 9.9, 10.6, "made"], [0, 10.7, 10.9, "consent-revoked"]
    (called,), (returned,) = report._delays(run(made, refused, last_yes_s=10.3))
    assert called == pytest.approx(0.6)
    assert returned == pytest.approx(0.4)
    assert report._delays(run(refused, last_yes_s=10.3))[0] == [pytest.approx(0.3)]
    assert report._delays(run(refused))[0] == [0.0]


def test_a_picture_after_the_deadline_is_found_by_attempt_and_by_topic(report: ModuleType) -> None:
    late, other = [0, 11.0, 11.3, "made"], [1, 11.0, 99.0, "made"]
    row = report.summary([run(late, other, published=(("ada", 1001.3), ("bob", 5000.0)))], 2, 1.0)
    assert row["after_deadline"] == {"provenance": {"made": 1}}
    assert row["published_after_deadline_by_topic"] == 1
    goals = {goal["goal"]: goal["met"] for goal in row["goals"]}
    assert goals["pictures published after the deadline"] is False
    in_time = report.summary([run([0, 10.0, 11.1, "made"], published=(("ada", 1001.1),))], 2, 1.0)
    assert in_time["goals"][1]["met"] is True


def test_percentiles_are_values_that_were_measured(report: ModuleType) -> None:
    values = [float(n) for n in range(1, 101)]
    assert [report._percentile(values, q) for q in (50, 99, 100)] == [50.0, 99.0, 100.0]


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """Its own modules, forgotten afterwards: other benchmarks have some of the same names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HOME))
        names = ("attempts", "people", "station_process", "world")
        found = SimpleNamespace(**{name: importlib.import_module(name) for name in names})
        patch.setattr(found.attempts, "ENOUGH_S", 100.0)  # on a busy machine
        yield found
        for path in HOME.glob("[a-z]*.py"):
            sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("name", ["gateway", "generation", "safety", "provenance"])
def test_a_station_of_the_service_as_it_is_makes_a_picture_until_the_withdrawal(
    name: str, bench: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (person,) = everybody = bench.people.people(1)
    broker, objects, layout = MemoryBroker(), MemoryStore(), Layout(tmp_path)
    broker.ensure_topics(list(TOPICS.values()))
    layout.make()
    here = bench.world.World(layout, config.load_or_make(layout.config), *[None] * 3, everybody, broker, objects)
    here.seal()
    here.grant()
    for variable, told in here.station_environment(name, models.default_directory()).items():
        monkeypatch.setenv(variable, told)
    for variable, told in (("MAX_AGE_S", "600"), ("WAIT_S", "60")):  # a machine that stands still has old news
        monkeypatch.setenv(f"{name.upper()}_CONSENT_{variable}", told)
    assert name in bench.station_process.STATIONS
    with running(bench.station_process.built(name, everybody, broker, objects)) as station:
        eventually(lambda: station.view.ready() and station.view.get(person.consent_id))
        assert outcome(station, person) == "made"
        withdraw(person, broker)
        eventually(lambda: station.view.get(person.consent_id).revoked_at)
        assert outcome(station, person) == "consent-revoked"
    assert len(here.published()) == (name == "provenance")


@contextmanager
def running(station: Any) -> Iterator[Any]:
    """As its process runs it."""
    stop, codes = threading.Event(), []
    thread = threading.Thread(target=lambda: codes.append(serve(station.application, ROLES["behind"], stop)))
    thread.start()
    try:
        yield station
    finally:
        stop.set()
        thread.join(60)
    assert codes == [0]


def outcome(station: Any, person: Any) -> str:
    try:
        return str(station.attempt(person, 1))
    except SemblanceError as error:
        return error.code


def withdraw(person: Any, broker: MemoryBroker) -> None:
    now = dt.datetime.now(dt.UTC)
    state = person.granted(now).state
    state.revision = 2
    state.revoked_at.FromDatetime(now)
    ids = {"subject_id": person.subject_id, "consent_id": person.consent_id, "consent_revision": 2}
    event = identity_pb.ConsentRevoked(**ids, state=state)
    broker.producer().send(envelope.to_record(event, source="identity", event_id=new_id(), time=now))


def eventually(ask: Callable[[], Any]) -> None:
    until_s = time.monotonic() + 60
    while not ask():
        assert time.monotonic() < until_s, "it never came true"
        time.sleep(0.02)
