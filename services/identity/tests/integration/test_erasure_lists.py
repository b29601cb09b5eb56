"""The list beside an erasure receipt: joined, salted, bounded, signed by its root, kept for some weeks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jwt
import pytest

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.adapters.work import erase_subject
from semblance.identity.consumers import erasure_answers
from semblance.identity.domain.erasure import SERVICES
from semblance.identity.domain.errors import ErasureRunning, ListForgotten
from semblance.identity.handlers import erasure
from semblance.identity.handlers.erased_items import erased_items
from semblance.kernel import erasure_list, merkle
from semblance.kernel.destroyed import Destroyed, item_digest, salted_item
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import new_id
from semblance.service_kit import testing
from semblance.service_kit.erased import service_erased

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
OTHERS = [service for service in SERVICES if service != "identity"]


class Case:
    """One person's erasure, answered service by service."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.subject_id, self.consent = desk.opted_in()
        self.id = erasure.request_erasure(self.subject_id, desk.ports).id
        testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
        self.own = next(m for m in testing.emitted(desk.database) if isinstance(m, platform_pb.ServiceErased))

    def deliver(self, message: Any) -> None:
        testing.deliver(erasure_answers(self.desk.ports, self.desk.store_of), self.desk.database, message)

    def answer(self, service: str, ids: Sequence[str], *, at_s: int = 1_800_000_000) -> None:
        gone = [Destroyed.of("database:things", ids)]
        message = service_erased(service, self.subject_id, self.id, gone)
        message.destroyed_at.FromSeconds(at_s)  # type: ignore[attr-defined]
        self.deliver(message)

    def finish(self, but: str = "") -> None:
        self.deliver(self.own)
        for service in OTHERS:
            if service != but:
                self.answer(service, [])

    def claims(self) -> dict[str, Any]:
        receipt = erasure.get_erasure(self.id, self.desk.ports).receipt_jws
        key = jwt.PyJWKSet.from_json(self.desk.ports.receipts.jwks_json()).keys[0]
        found: dict[str, Any] = jwt.decode(receipt, key, algorithms=["EdDSA"], options={"verify_iat": False})
        return found

    def of(self, service: str) -> Any:
        return next(s for s in erasure.get_erasure(self.id, self.desk.ports).stores if s.service == service)


@pytest.fixture
def case(desk: Any) -> Case:
    return Case(desk)


def test_the_signed_root_is_over_the_list_and_names_things_by_salted_digests(desk: Any, case: Case) -> None:
    photos = [new_id() for _ in range(5)]
    case.answer("ingest", photos)
    case.finish(but="ingest")
    listed = erased_items(case.id, desk.ports)
    leaves = erasure_list.leaves(listed.stores)
    claims = case.claims()
    assert claims["tree"] == {"hash": "sha256", "size": len(leaves), "root": merkle.root(leaves).hex()}
    things = next(s for s in listed.stores if s.service == "ingest")
    assert things.items == tuple(sorted(salted_item(listed.items_salt, item_digest(photo)) for photo in photos))
    own = {s.store: s for s in listed.stores if s.service == "identity"}
    key_id = claims["key_id"]
    assert own["keyring:data-keys"].items == (salted_item(listed.items_salt, item_digest(key_id)),)
    assert own["database:consents"].items == (salted_item(listed.items_salt, item_digest(case.consent.id)),)
    told = json.dumps(claims) + str(listed)
    assert listed.items_salt not in json.dumps(claims)
    assert not [known for known in (*photos, case.subject_id, case.consent.id) if known in told]


def test_answers_that_come_again_or_later_lose_and_double_nothing(case: Case) -> None:
    case.answer("ingest", ["a", "b"], at_s=1_800_000_000)
    first = case.of("ingest")
    case.answer("ingest", ["a", "b"], at_s=1_800_000_100)
    case.answer("ingest", [], at_s=1_800_000_200)
    case.answer("ingest", ["b"], at_s=1_800_000_300)
    assert case.of("ingest") == first
    case.answer("ingest", ["c"], at_s=1_800_000_400)  # written late, found by the reminder
    grown = case.of("ingest")
    assert (grown.count, len(grown.items)) == (3, 3)
    assert grown.destroyed_at > first.destroyed_at


def test_of_a_list_and_a_root_the_fuller_stands(desk: Any, case: Case) -> None:
    def rooted(count: int) -> platform_pb.ServiceErased:
        store = platform_pb.StoreCount(store="database:things", count=count, items_root="ab" * 32)
        return platform_pb.ServiceErased(
            subject_id=case.subject_id, erasure_id=case.id, service="ingest", stores=[store]
        )

    case.answer("ingest", ["a", "b", "c"])
    case.deliver(rooted(2))
    assert len(case.of("ingest").items) == 3
    case.deliver(rooted(5))
    assert (case.of("ingest").count, case.of("ingest").items, case.of("ingest").items_root) == (5, (), "ab" * 32)
    case.answer("ingest", ["a"])
    assert case.of("ingest").count == 5


def test_a_list_too_long_to_keep_is_told_by_its_root_longest_first(desk: Any, case: Case) -> None:
    desk.with_rules(receipt_items_max=30)
    case.answer("ingest", [f"photo-{k}" for k in range(40)])
    case.answer("training", [f"run-{k}" for k in range(10)])
    for message in [case.own]:
        case.deliver(message)
    for service in OTHERS:
        if service not in ("ingest", "training"):
            case.answer(service, [])
    listed = erased_items(case.id, desk.ports)
    by_service = {s.service: s for s in listed.stores if s.count >= 10}
    assert (by_service["ingest"].count, by_service["ingest"].items) == (40, ())
    assert len(by_service["ingest"].items_root) == 64
    assert len(by_service["training"].items) == 10
    leaves = erasure_list.leaves(listed.stores)
    assert case.claims()["tree"]["root"] == merkle.root(leaves).hex()


def test_an_event_never_tells_more_than_the_setting(desk: Any) -> None:
    desk.database.erasure_items_max = 3
    with desk.database.transaction() as unit:
        gone = [Destroyed.of("a", ["1", "2", "3"]), Destroyed.of("b", map(str, range(9)))]
        unit.emit(service_erased("identity", new_id(), new_id(), gone))
    (told,) = testing.emitted(desk.database)
    stores = {s.store: s for s in told.stores}
    assert (len(stores["a"].items), stores["a"].items_root) == (3, "")
    assert (stores["b"].count, len(stores["b"].items), len(stores["b"].items_root)) == (9, 0, 64)
    assert told.HasField("destroyed_at")


def test_what_is_no_digest_never_reaches_a_receipt(case: Case) -> None:
    for wrong in (
        {"items": ["Ada Example"], "count": 1},
        {"items": ["AB" * 32], "count": 1},
        {"items": ["ab" * 32], "count": 0},
        {"items_root": "see you", "count": 1},
        {"store": "x" * 81, "count": 1},
        {"store": "a\nb", "count": 1},
    ):
        store = platform_pb.StoreCount(**{"store": "database:things", **wrong})
        message = platform_pb.ServiceErased(
            subject_id=case.subject_id, erasure_id=case.id, service="ingest", stores=[store]
        )
        with pytest.raises(Invalid):
            case.deliver(message)


def test_there_is_no_list_before_the_end_and_none_after_some_weeks(desk: Any, case: Case) -> None:
    with pytest.raises(ErasureRunning):
        erased_items(case.id, desk.ports)
    case.answer("ingest", ["a"])
    case.finish(but="ingest")
    receipt = erasure.get_erasure(case.id, desk.ports).receipt_jws
    sweeper = Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1)
    desk.clock.advance((desk.settings.erasure_list_days - 1) * 86_400)
    sweeper.sweep()
    assert erased_items(case.id, desk.ports).items_salt
    desk.clock.advance(2 * 86_400)
    sweeper.sweep()
    with pytest.raises(ListForgotten):
        erased_items(case.id, desk.ports)
    kept = erasure.get_erasure(case.id, desk.ports)
    assert kept.receipt_jws == receipt
    assert {s.service: s.count for s in kept.stores if s.store == "database:things"}["ingest"] == 1
    assert not [s for s in kept.stores if s.items or s.items_root]


def test_two_erasures_salt_the_same_thing_differently(desk: Any, case: Case) -> None:
    bob, _ = desk.opted_in(person=2)
    other = erasure.request_erasure(bob, desk.ports)
    assert erasure.get_erasure(case.id, desk.ports).items_salt != other.items_salt
