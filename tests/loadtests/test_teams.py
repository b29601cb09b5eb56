"""Other teams read by the contract alone: what never came, came doubled, disordered or broken is found, and a slow team
is behind and not robbed. On the twin in memory, and once on a real broker."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from loadtests import ledger, place, profile
from loadtests.arrivals import BadPlan
from loadtests.ledger import Entry
from loadtests.place import Place
from loadtests.profile import Teams
from loadtests.teams import contract, judge
from loadtests.teams.contract import BrokenContract, Event
from loadtests.teams.crowd import Crowd
from loadtests.teams.team import Arrived, Team
from loadtests.watcher import Heard, Watcher
from semblance.contracts import registry
from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.record import Record
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.ids import new_id

TOPICS = tuple(sorted(registry.TOPICS))
IMAGES = "generation.image.v1"


def record(message: Any) -> Record:
    return envelope.to_record(message, source="generation", event_id=new_id(), time=dt.datetime.now(dt.UTC))


def picture(number: int) -> list[Record]:
    about = {"subject_id": "who", "consent_id": "consent", "image_id": f"image-{number}"}
    return [record(generation_pb.ImageRequested(**about)), record(generation_pb.ImageRendered(**about))]


def promised(number: int) -> Entry:
    return Entry(ledger.ACCEPTED, 0.0, kind="image", job_id=f"image-{number}", subject_id="who")


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure_topics(list(registry.TOPICS.values()))
    return made


def read_by(
    broker: Broker,
    wanted: Teams,
    records: Sequence[Record],
    entries: Sequence[Entry] = (),
    *,
    door: Callable[[str, Sequence[str]], Any] | None = None,
    within_s: float = 60.0,
) -> tuple[list[judge.Reached], dict[str, Heard]]:
    """Records that are sent while the teams read, and what reached them."""
    with Watcher(broker, wanted.topics) as watcher, Crowd(wanted, door or broker.consumer, new_id()) as crowd:
        producer = broker.producer()
        producer.send_many(records)
        producer.close()
        assert watcher.catch_up(60)
        crowd.catch_up(dict(watcher.heard), within_s, sleep=lambda _: time.sleep(0.02))
        return crowd.reached(dict(watcher.heard), entries, {}), dict(watcher.heard)


def test_every_team_gets_everything_of_every_public_topic_once(broker: MemoryBroker) -> None:
    erased = record(platform_pb.ErasureRequested(subject_id="who", erasure_id="erasure"))
    sent = [*picture(1), *picture(2), erased, Record(IMAGES, "key", b"no event", ())]
    again = replace(sent[0])  # the same event once more: the contract allows it
    rows, heard = read_by(broker, Teams(3), [*sent, again], [promised(1), promised(2)])
    assert len(heard) == 5
    assert [(r.team, r.topics, r.events, r.again, r.told, r.promised, r.behind) for r in rows] == [
        (f"team {n}", len(TOPICS), 5, 1, 2, 2, 0) for n in (1, 2, 3)
    ]
    assert {kind: n for kind, n in rows[0].faults.items() if n} == {"malformed": 1}
    [all_right, not_behind] = judge.findings(rows)
    assert (all_right.value, all_right.met, not_behind.met) == (3, False, True)


def test_a_team_of_one_topic_is_told_nothing_else(broker: MemoryBroker) -> None:
    erased = record(platform_pb.ErasureRequested(subject_id="who", erasure_id="erasure"))
    [row], _ = read_by(broker, Teams(1, ("platform.erasure.v1",)), [*picture(1), erased], [promised(1)])
    assert (row.events, row.promised, row.behind) == (1, 0, 0)
    assert all(finding.met for finding in judge.findings([row]))


def test_a_slow_team_is_behind_and_nothing_is_lost(broker: MemoryBroker) -> None:
    records = [each for number in range(40) for each in picture(number)]
    entries = [promised(number) for number in range(40)]
    rows, _ = read_by(broker, Teams(2, (IMAGES,), (0.0, 60_000.0)), records, entries, within_s=0.1)
    prompt, slow = rows
    assert slow.behind >= 78
    assert slow.events + slow.behind == 80
    assert sum(slow.faults.values()) == 0
    assert slow.pause_ms == 60_000
    assert all(finding.met for finding in judge.findings([replace(prompt, behind=0), slow]))
    assert not judge.findings([replace(prompt, behind=1), slow])[1].met


def test_a_team_goes_on_after_the_broker_was_away(broker: MemoryBroker) -> None:
    with Watcher(broker, TOPICS) as watcher, Crowd(Teams(1), broker.consumer, "run") as crowd:
        broker.producer().send_many(picture(1))
        assert watcher.catch_up(60)
        assert crowd.catch_up(dict(watcher.heard), 60)
        broker.away = True
        while not crowd.teams[0].away:
            time.sleep(0.01)
        broker.away = False
        broker.producer().send_many(picture(2))
        assert watcher.catch_up(60)
        assert crowd.catch_up(dict(watcher.heard), 60)
        [row] = crowd.reached(dict(watcher.heard), [promised(1), promised(2)], {})
    assert (row.events, sum(row.faults.values()), row.away > 0) == (4, 0, True)
    assert row.delay_s["count"] == 4
    assert 0 <= row.delay_s["p50"] <= row.delay_s["max"] < 60


def seen(name: str, offset: int, at: float, *, key: str = "image-1", topic: str = IMAGES) -> Arrived:
    return Arrived(Event(f"{name}-{offset}", topic, name, "generation", key, at), 0, offset, at + 0.1)


def judged(arrived: Sequence[Arrived], more: Sequence[Arrived] = (), jobs: Sequence[Entry] = ()) -> judge.Reached:
    """A team that had `arrived` of a log that holds `more` too."""
    team = Team("team 1", "group", TOPICS, 0.0, lambda *_: pytest.fail("it is not asked to read"))
    team.first = {each.event.event_id: each for each in arrived}
    for each in arrived:
        place = (each.event.topic, each.partition)
        team.reached[place] = max(team.reached.get(place, -1), each.offset)
    heard = {
        e.event.event_id: Heard(e.event.topic, e.partition, e.offset, e.event.key, e.event.name, e.event.at)
        for e in (*arrived, *more)
    }
    return judge.judged(team, heard, jobs, {})


REQUESTED, RENDERED = seen("ImageRequested", 0, 10), seen("ImageRendered", 1, 11)
CONSENT = {"key": "consent", "topic": "identity.consent.v1"}


@pytest.mark.parametrize(
    ("reached", "kind"),
    [
        (judged([RENDERED], [REQUESTED]), "lost"),
        (judged([REQUESTED], [], [promised(1), promised(2)]), "lost"),
        (judged([REQUESTED, seen("ImageRequested", 2, 12)]), "doubled"),
        (judged([RENDERED, REQUESTED]), "out-of-order"),  # as it lies on the log
        (judged([replace(RENDERED, offset=0), replace(REQUESTED, offset=1)]), "out-of-order"),  # as it was made
    ],
)  # fmt: skip
def test_every_kind_of_fault_is_found_alone(reached: judge.Reached, kind: str) -> None:
    assert {name: n for name, n in reached.faults.items() if n} == {kind: 1}
    assert reached.examples[0].kind == kind
    assert not judge.findings([reached])[0].met


def test_what_a_compacted_topic_let_go_is_not_lost_and_nothing_read_is_not_good() -> None:
    older, newer = seen("ConsentGranted", 0, 1, **CONSENT), seen("ConsentRevoked", 5, 2, **CONSENT)
    assert sum(judged([newer], [older]).faults.values()) == 0
    assert judged([newer], [replace(older, event=replace(older.event, key="another"))]).faults["lost"] == 1
    assert not judge.findings([judged([])])[0].met
    assert judge.findings([]) == []


@pytest.mark.parametrize(
    ("header", "value", "why"),
    [
        ("ce_id", b"", "without ce_id"),
        ("ce_specversion", b"0.3", "neither CloudEvents"),
        ("content-type", b"application/json", "neither CloudEvents"),
        ("ce_type", b"semblance.contracts.generation.v1.ImageSold", "has no semblance"),
        ("ce_type", b"semblance.contracts.identity.v1.ConsentGranted", "has no semblance"),
        ("ce_time", b"yesterday", "is no time"),
        ("ce_time", b"2026-01-01T00:00:00", "has no zone"),
    ],
)
def test_what_breaks_the_contract_is_refused(header: str, value: bytes, why: str) -> None:
    good = picture(1)[0]
    assert contract.read(good).key == "image-1"
    headers = tuple((name, value if name == header else had) for name, had in good.headers)
    with pytest.raises(BrokenContract, match=why):
        contract.read(replace(good, headers=headers))


def test_a_wrong_key_and_a_broken_value_are_refused() -> None:
    good = record(identity_pb.ConsentGranted(consent_id="consent", subject_id="who"))
    with pytest.raises(BrokenContract, match="key is not its consent_id"):
        contract.read(replace(good, key="who"))
    with pytest.raises(BrokenContract, match="not its message"):
        contract.read(replace(good, value=b"\xff\xff"))


@pytest.mark.parametrize(
    "row",
    [
        {"count": 1, "topics": ["no.such.v1"]},
        {"count": -1},
        {"count": 1, "pause_ms": -1},
        {"count": 1, "topics": []},
        {"count": 1, "speed": 2},
    ],
)
def test_teams_that_cannot_be_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(BadPlan):
        Teams.of(row)


def test_a_profile_names_teams_by_count_topics_and_pauses() -> None:
    given = profile.read("smoke").teams
    assert (given.count, given.topics) == (2, TOPICS)
    assert [given.pause_s(n) for n in range(3)] == [0.0, 0.02, 0.0]
    assert Teams.of({"count": 1, "topics": IMAGES, "pause_ms": 5}) == Teams(1, (IMAGES,), (5.0,))


def test_a_broker_is_reached_by_one_set_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.reached_by("h:9092").security_protocol == "PLAINTEXT"
    monkeypatch.setenv("LOADTEST_KAFKA_PROTOCOL", "SSL")
    monkeypatch.setenv("LOADTEST_KAFKA_CAFILE", "/ca.pem")
    found = place.reached_by("h:9092")
    assert (found.security_protocol, found.ssl_cafile, found.sasl_mechanism) == ("SSL", "/ca.pem", None)
    monkeypatch.setenv("LOADTEST_KAFKA_USERNAME", "reader")
    monkeypatch.delenv("LOADTEST_KAFKA_PROTOCOL")
    found = place.reached_by("h:9092")
    assert (found.security_protocol, found.sasl_mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")


@pytest.fixture
def tansu() -> Iterator[TansuBroker]:
    with TansuBroker() as process:
        yield process


def test_teams_read_a_real_broker_with_kafka_python_alone(tansu: TansuBroker) -> None:
    where = Place("http://nowhere", tansu.bootstrap_servers, None)
    broker = KafkaBroker(replace(place.reached_by(tansu.bootstrap_servers), timeout_s=30))
    broker.ensure_topics([registry.TOPICS[IMAGES]])
    records = [each for number in range(1, 6) for each in picture(number)]
    entries = [promised(number) for number in range(1, 6)]
    wanted = Teams(2, (IMAGES,), (0.0, 5.0))
    rows, heard = read_by(broker, wanted, records, entries, door=where.team)
    assert len(heard) == 10
    assert [(row.events, row.told, row.behind, sum(row.faults.values())) for row in rows] == [(10, 5, 0, 0)] * 2
    assert all(finding.met for finding in judge.findings(rows))
