"""To be forgotten: gone at once, nothing left but opaque tombstones, and late events bring nobody back."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.platform.v1 import events_pb2 as platform
from semblance.gateway.adapters import tables
from semblance.kernel.ids import new_id
from semblance.service_kit import testing


def test_an_erased_account_is_gone_but_gets_its_receipt(world, ada, http):
    consent_id = ada.opt_in()
    ada.add_photo(consent_id, **{"Idempotency-Key": "k"})
    asked = ada.erase()
    assert asked.status_code == 202
    path = f"/v1/erasures/{asked.json()['id']}"
    assert ada.get("/v1/me").json()["code"] == "account-erased"
    assert ada.get("/v1/photos").status_code == 410
    assert ada.post("/v1/erasures").json() == asked.json(), "what has begun needs no password"
    pending = ada.get(f"{path}/receipt")
    assert (pending.status_code, pending.json()["code"]) == (409, "erasure-in-progress")
    assert ada.get(f"{path}/items").json()["code"] == "erasure-in-progress"
    event = platform.ErasureRequested(subject_id=ada.subject_id, erasure_id=asked.json()["id"])
    assert world.deliver(event) == ["handled", "duplicate"]
    answers = [m for m in testing.emitted(world.database) if isinstance(m, platform.ServiceErased)]
    assert [(a.service, a.subject_id) for a in answers] == [("gateway", ada.subject_id)]
    counts = {store.store: store.count for store in answers[0].stores}
    assert counts["database:accounts"] == 2
    assert counts["database:jobs"] == counts["database:sessions"] == 1
    assert counts["database:idempotency_keys"] == 1
    assert counts["database:rate_limits"] >= 2
    world.platform.identity.complete_erasure(asked.json()["id"])
    assert ada.get(path).json()["state"] == "completed"
    receipt = ada.get(f"{path}/receipt")
    assert (receipt.headers["content-type"], receipt.text.count(".")) == ("application/jose", 2)
    items = ada.get(f"{path}/items")
    assert items.headers["cache-control"] == "no-store"
    assert items.json()["erasure_id"] == asked.json()["id"]
    assert items.json()["stores"][0]["items"] == ["ab" * 32]
    assert ada.get("/v1/me").status_code == 410
    assert http.get("/.well-known/receipt-keys.json").json()["keys"][0]["crv"] == "Ed25519"
    again = http.post("/v1/accounts", json={"handle": "ada", "password": "correct horse battery"})
    assert again.status_code == 201


def test_what_is_left_names_nobody(world, ada):
    ada.add_photo(ada.opt_in(), **{"Idempotency-Key": "k"})
    erasure_id = ada.erase().json()["id"]
    world.deliver(platform.ErasureRequested(subject_id=ada.subject_id, erasure_id=erasure_id))
    with world.database.read() as session:
        for table in tables.metadata.sorted_tables:
            rows = session.execute(sa.select(table)).all()
            assert ada.subject_id not in str(rows), table.name
            assert "ada" not in [value for row in rows for value in row], table.name
        assert session.execute(sa.select(sa.func.count()).select_from(tables.tombstones)).scalar_one() == 2


def test_the_key_that_an_account_was_made_under_is_forgotten_with_it(world, http):
    login = {"handle": "grace", "password": "correct horse battery"}
    made = http.post("/v1/accounts", json=login, headers={"Idempotency-Key": "first"})
    subject_id = made.json()["subject_id"]
    world.deliver(platform.ErasureRequested(subject_id=subject_id, erasure_id=new_id()))
    with world.database.read() as session:
        assert session.execute(sa.select(tables.idempotency_keys)).all() == []


def test_late_events_bring_nobody_back(world, ada):
    erasure_id = ada.erase().json()["id"]
    world.deliver(platform.ErasureRequested(subject_id=ada.subject_id, erasure_id=erasure_id))
    ids = {"subject_id": ada.subject_id, "consent_id": new_id(), "consent_revision": 2, "image_id": new_id()}
    assert world.deliver(generation.ImageRevoked(**ids)) == ["handled", "duplicate"]
    with world.database.read() as session:
        assert session.execute(sa.select(tables.jobs)).all() == []


def test_an_erasure_of_somebody_unknown_is_answered_too(world):
    world.deliver(platform.ErasureRequested(subject_id=new_id(), erasure_id=new_id()))
    (answer,) = testing.emitted(world.database)
    assert {store.count for store in answer.stores} == {0}


def test_another_person_cannot_read_it(ada, eve):
    erasure_id = ada.erase().json()["id"]
    assert eve.get(f"/v1/erasures/{erasure_id}").status_code == 404
    assert eve.get(f"/v1/erasures/{erasure_id}/receipt").status_code == 404
