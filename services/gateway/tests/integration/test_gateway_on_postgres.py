"""What only a database with real concurrency can get wrong: everything at once, several times over."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.platform.v1 import events_pb2 as platform
from semblance.gateway.adapters import tables
from semblance.gateway.domain.account import Login, Proof
from semblance.gateway.domain.errors import InvalidGrant
from semblance.gateway.handlers.accounts import admit
from semblance.gateway.handlers.jobs import job_events
from semblance.gateway.handlers.sessions import open_session
from semblance.gateway.testing import gateway
from semblance.gateway.testing.process import MIGRATIONS
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.local.postgres import Postgres
from semblance.local.testing import databases
from semblance.service_kit.migrations import downgrade, upgrade

pytestmark = pytest.mark.integration
PASSWORD = "correct horse battery"
AT_ONCE = 12


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with databases.postgres() as server:
        yield server


@pytest.fixture
def world(postgres, tmp_path):
    url = postgres.url(f"t{new_id().replace('-', '')}")
    made = gateway(tmp_path, clock=FakeClock(), database_url=url, read_per_minute=20)
    yield made
    made.database.close()


def at_once(act) -> Counter:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(lambda _n: act(), range(AT_ONCE)))


def test_a_handle_is_given_once(http):
    account = {"handle": "ada", "password": PASSWORD}
    statuses = at_once(lambda: http.post("/v1/accounts", json=account).status_code)
    assert statuses == {201: 1, 409: AT_ONCE - 1}


def test_a_key_has_one_effect(world, ada):
    adapter_id = ada.adapter(world, ada.opt_in())
    order, key = {"adapter_id": adapter_id, "prompt": "a portrait"}, {"Idempotency-Key": "k"}
    statuses = at_once(lambda: ada.post("/v1/images", json=order, headers=key).status_code)
    assert statuses.keys() <= {202, 409}
    assert statuses[202] >= 1
    assert len(world.platform.generation.orders) == 1


def test_a_bucket_never_lets_in_more_than_its_burst(ada):
    statuses = at_once(lambda: ada.get("/v1/me").status_code)
    assert statuses == {200: 10, 429: AT_ONCE - 10}


def test_a_job_that_changes_everywhere_at_once_tells_every_change_once(world, ada):
    ids = {"subject_id": ada.subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": new_id()}
    steps = iter(range(1, AT_ONCE + 1))
    told = at_once(lambda: world.deliver(generation.GenerationProgressed(**ids, step=next(steps), steps=AT_ONCE), 1)[0])
    assert told == {"handled": AT_ONCE}
    events = job_events(world.gate, ada.subject_id, ids["image_id"], after_sequence=0)
    assert [event.sequence for event in events] == list(range(1, AT_ONCE + 1))


def test_a_first_visit_makes_one_account(world, http):
    gate, login = world.gate, Login("https://idp.example", "user-7")
    policies = [world.front.policies["write"]]
    people = at_once(lambda: admit(gate, Proof(login, None, own_issuer=False), policies)[0].subject_id)
    assert len(people) == 1


def test_an_erasure_leaves_nothing(world, ada):
    ada.add_photo(ada.opt_in(), **{"Idempotency-Key": "k"})
    event = platform.ErasureRequested(subject_id=ada.subject_id, erasure_id=new_id())
    assert world.deliver(event) == ["handled", "duplicate"]
    assert ada.get("/v1/me").status_code == 410


def test_no_sign_in_by_the_old_password_outlives_its_change(world, ada):
    issuer = world.front.issuer.issuer
    with world.store.reading() as records:
        proved = records.accounts.by_handle("ada")
    change = {"password": PASSWORD, "new_password": "a staple for my horse"}

    def signed_in() -> str:
        with contextlib.suppress(InvalidGrant):
            open_session(world.gate, proved, issuer=issuer, life_s=60)
        return "tried"

    acts = iter([signed_in] * 5 + [lambda: ada.put("/v1/me/password", json=change).status_code] + [signed_in] * 6)
    assert at_once(lambda: str(next(acts)())) == {"tried": AT_ONCE - 1, "204": 1}
    assert [session["current"] for session in ada.get("/v1/sessions").json()["items"]] == [True]


def test_the_schema_can_be_undone(world):
    downgrade(world.database.engine, MIGRATIONS)
    upgrade(world.database.engine, MIGRATIONS)
    assert TestClient(world.app).get("/healthz").status_code == 200


def test_events_that_race_an_erasure_leave_no_job(world, ada):
    ids = {"subject_id": ada.subject_id, "consent_id": new_id(), "consent_revision": 1}
    erasure = platform.ErasureRequested(subject_id=ada.subject_id, erasure_id=new_id())
    acts = iter([lambda: world.deliver(erasure)] + [lambda: world.deliver(_requested(ids))] * (AT_ONCE - 1))
    at_once(lambda: next(acts)()[0])
    with world.database.read() as session:
        assert session.execute(sa.select(tables.jobs)).all() == []


def _requested(ids):
    return generation.ImageRequested(**ids, image_id=new_id())
