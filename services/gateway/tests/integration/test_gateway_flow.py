"""The public API from account to picture, and who may not."""

from __future__ import annotations

import base64
import hashlib

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.provenance.v1 import events_pb2 as provenance
from semblance.gateway.adapters import tables
from semblance.gateway.testing.provenance import PNG
from semblance.kernel.ids import new_id

TYPE = "https://semblance.example/problems/"


def code(response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["type"] == TYPE + body["code"]
    return body["code"]


def publish(world, ada, image_id: str) -> None:
    ids = {"subject_id": ada.subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    world.deliver(generation.GenerationProgressed(**ids, step=1, steps=2))
    world.platform.generation.become(image_id, "published")
    world.deliver(provenance.ImagePublished(**ids, manifest_id=new_id(), sha256="00", size_bytes=9))


def published_at_once(world, ada) -> None:
    create = world.platform.generation.create

    def at_once(subject_id, asked):
        image = create(subject_id, asked)
        publish(world, ada, image.id)
        return world.platform.generation.image(subject_id, image.id)

    world.platform.generation.create = at_once


def test_from_account_to_picture(world, ada, eve) -> None:
    consent_id = ada.opt_in()
    photo = ada.add_photo(consent_id)
    assert photo.status_code == 201
    assert ada.get(photo.headers["Location"]).json()["id"] == photo.json()["id"]
    assert ada.get(f"/v1/photos/{photo.json()['id']}/content").content.startswith(b"\xff\xd8\xff")
    scored = ada.get(f"/v1/photos/score?consent_id={consent_id}").json()
    assert (scored["score_0_100"], scored["findings"][0]["code"]) == (72, "few-photos")
    assert world.platform.training.scored == [(ada.subject_id, consent_id)]
    strange = ada.get(f"/v1/photos/score?consent_id={eve.opt_in()}")
    assert (strange.status_code, len(world.platform.training.scored)) == (403, 1)
    assert code(ada.get("/v1/photos/score?consent_id=mine")) == "invalid-request"
    asked = [ada.get(f"/v1/photos/score?consent_id={consent_id}").status_code for _ in range(10)]
    assert asked[-1] == 429, "each score opens every photo"
    assert ada.get("/v1/photos").status_code == 200
    adapter = ada.post("/v1/adapters", json={"consent_id": consent_id, "name": "me"})
    assert adapter.status_code == 202
    adapter_id = adapter.json()["id"]
    assert ada.get(f"/v1/jobs/{adapter_id}").json()["state"] == "queued"
    order = {"adapter_id": adapter_id, "prompt": "a portrait"}
    early = ada.post("/v1/images", json=order)
    assert (early.status_code, code(early)) == (409, "adapter-not-ready")
    world.platform.training.become(adapter_id, "ready")
    image = ada.post("/v1/images", json=order)
    assert image.status_code == 202
    image_id = image.json()["id"]
    made = world.platform.generation.orders[0]
    assert (made.consent_id, made.prompt, made.seed) == (consent_id, "a portrait", int(image_id[-8:], 16))
    unpublished = ada.get(f"/v1/images/{image_id}/content")
    assert (unpublished.status_code, code(unpublished)) == (409, "image-not-published")
    publish(world, ada, image_id)
    assert ada.get(f"/v1/jobs/{image_id}").json()["ended"] is True
    content = ada.get(f"/v1/images/{image_id}/content")
    assert content.content == PNG
    digest = hashlib.sha256(PNG).digest()
    assert content.headers["etag"] == f'"{digest.hex()}"'
    assert content.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    again = ada.get(f"/v1/images/{image_id}/content", headers={"If-None-Match": content.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ada.get(f"/v1/images/{image_id}/manifest").json()["manifest"] == {"active_manifest": "urn:c2pa:1"}
    verified = ada.http.post("/v1/verify", files={"image": ("x", PNG, "image/png")}).json()
    assert (verified["state"], verified["made_here"]) == ("Valid", True)


def test_consent_is_needed_for_each_purpose(world, ada) -> None:
    consent_id = ada.opt_in(["photos"])
    assert ada.add_photo(consent_id).status_code == 201
    refused = ada.post("/v1/adapters", json={"consent_id": consent_id})
    assert (refused.status_code, code(refused)) == (403, "consent-required")
    unscored = ada.get(f"/v1/photos/score?consent_id={consent_id}")
    assert (unscored.status_code, code(unscored)) == (403, "consent-required")
    check = ada.post("/v1/consents/check", json={"consent_id": consent_id, "purpose": "train"}).json()
    assert (check["allowed"], check["reason_code"]) == (False, "consent-required")
    assert ada.post("/v1/consents/check", json={"consent_id": consent_id, "purpose": "photos"}).json()["allowed"]


def test_who_must_opt_in_again_learns_it_by_asking(world, ada) -> None:
    question = {"consent_id": ada.opt_in(["photos"]), "purpose": "photos"}
    world.platform.identity.left_behind.update(c.subject_id for c in world.platform.identity.consents_by_id.values())
    answer = ada.post("/v1/consents/check", json=question).json()
    assert (answer["allowed"], answer["reason_code"]) == (False, "opt-in-again")
    assert "before your camera" in answer["detail"]


def test_a_revoked_consent_stops_everything(world, ada) -> None:
    consent_id = ada.opt_in()
    adapter_id = ada.adapter(world, consent_id)
    assert ada.post(f"/v1/consents/{consent_id}/revoke").json()["state"] == "withdrawn"
    assert ada.post(f"/v1/consents/{consent_id}/revoke").json()["state"] == "withdrawn"
    for response in (
        ada.add_photo(consent_id),
        ada.post("/v1/adapters", json={"consent_id": consent_id}),
        ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "a portrait"}),
    ):
        assert (response.status_code, code(response)) == (403, "consent-revoked")
    assert world.platform.generation.orders == []


def test_a_consent_too_young_for_the_view_counts(world, ada) -> None:
    consent_id = ada.opt_in()
    world.platform.identity.late = True
    assert ada.add_photo(consent_id).status_code == 201
    assert code(ada.add_photo(new_id())) == "consent-required"


def test_what_belongs_to_others_is_not_there(world, ada, eve) -> None:
    consent_id = ada.opt_in()
    photo_id = ada.add_photo(consent_id).json()["id"]
    adapter_id = ada.adapter(world, consent_id)
    image_id = ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "x"}).json()["id"]
    person_id = ada.get("/v1/people").json()["items"][0]["id"]
    eves = eve.opt_in()
    for response in (
        eve.get(f"/v1/photos/{photo_id}"),
        eve.get(f"/v1/photos/{photo_id}/content"),
        eve.delete(f"/v1/photos/{photo_id}"),
        eve.get(f"/v1/adapters/{adapter_id}"),
        eve.delete(f"/v1/adapters/{adapter_id}"),
        eve.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "x", "consent_id": eves}),
        eve.get(f"/v1/images/{image_id}"),
        eve.get(f"/v1/images/{image_id}/content"),
        eve.get(f"/v1/jobs/{image_id}"),
        eve.get(f"/v1/jobs/{image_id}/events"),
        eve.get(f"/v1/consents/{consent_id}"),
        eve.post(f"/v1/consents/{consent_id}/revoke"),
        eve.patch(f"/v1/people/{person_id}", json={"name": "x"}),
        eve.get(f"/v1/erasures/{new_id()}"),
    ):
        assert (response.status_code, code(response)) == (404, "not-found")
    assert code(eve.add_photo(consent_id)) == "consent-required"
    for path in ("photos", "adapters", "images", "jobs", "people"):
        assert eve.get(f"/v1/{path}").json() == {"items": [], "next_after": None}


def test_people(ada) -> None:
    consent_id = ada.opt_in()
    for number in range(3):
        assert ada.add_photo(consent_id, b"\xff\xd8\xff" + bytes([number])).status_code == 201
    person = ada.get("/v1/people").json()["items"][0]
    path = f"/v1/people/{person['id']}"
    assert ada.patch(path, json={"name": "Me"}).json()["name"] == "Me"
    other = ada.post(f"{path}/split", json={"face_ids": person["face_ids"][:1]})
    assert other.status_code == 201
    assert len(ada.get("/v1/people").json()["items"]) == 2
    assert len(ada.post("/v1/people/undo").json()["items"]) == 1
    other = ada.post(f"{path}/split", json={"face_ids": person["face_ids"][:1]}).json()
    merged = ada.post(f"{path}/merge", json={"from_person_id": other["id"]}).json()
    assert len(merged["face_ids"]) == 3


def test_presigned_uploads(ada) -> None:
    consent_id = ada.opt_in()
    order = {"consent_id": consent_id, "content_type": "image/jpeg", "size_bytes": 1000}
    upload = ada.post("/v1/photo-uploads", json=order)
    assert upload.status_code == 201
    done = ada.post(f"/v1/photo-uploads/{upload.json()['photo_id']}/complete")
    assert done.json()["state"] == "received"
    assert ada.get("/v1/jobs").json()["items"][0]["kind"] == "photo"


def test_lists_are_paged_by_opaque_cursors(ada) -> None:
    consent_id = ada.opt_in()
    made = {ada.add_photo(consent_id, b"\xff\xd8\xff" + bytes([n])).json()["id"] for n in range(5)}
    for path in ("photos", "jobs"):
        seen, after = [], ""
        while True:
            page = ada.get(f"/v1/{path}?limit=2{after}").json()
            seen += [item["id"] for item in page["items"]]
            if page["next_after"] is None:
                break
            after = f"&after={page['next_after']}"
        assert len(seen) == 5
        assert set(seen) == made
    assert code(ada.get("/v1/photos?after=zzz")) == "malformed-cursor"
    assert code(ada.get("/v1/photos?limit=101")) == "invalid-request"


def test_the_openai_shape_waits_for_the_picture(world, ada) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    order = {"model": f"persona:{adapter_id}", "prompt": "a portrait"}
    published_at_once(world, ada)
    made = ada.post("/v1/images/generations", json={**order, "use": "personal", "size": "384x256"})
    assert made.status_code == 200
    # What is not begun while the caller waits would only be in the way of what they ask for next.
    [asked] = world.platform.generation.orders
    assert (asked.use, asked.begin_within_s, asked.size) == ("personal", 120, "384x256")
    assert base64.b64decode(made.json()["data"][0]["b64_json"]) == PNG
    for wrong in ({"n": 2}, {"size": "large"}, {"response_format": "url"}, {"model": "dall-e-3"}, {"use": "x"}):
        assert code(ada.post("/v1/images/generations", json={**order, **wrong})) == "invalid-request"


def test_a_picture_that_was_deleted_is_not_answered_from_memory(world, ada) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    published_at_once(world, ada)
    order = {"model": f"persona:{adapter_id}", "prompt": "a portrait"}

    def ask():
        return ada.post("/v1/images/generations", json=order, headers={"Idempotency-Key": "k"})

    first, again = ask(), ask()
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    [asked] = world.platform.generation.orders
    with world.database.read() as session:
        [kept] = session.scalars(sa.select(tables.idempotency_keys.c.sealed_answer)).all()
    assert len(kept) < 500, "the picture is not kept"
    assert ada.delete(f"/v1/images/{asked.image_id}").status_code == 200
    world.deliver(generation.ImageRemoved(subject_id=ada.subject_id, image_id=asked.image_id))
    assert ask().status_code == 404


def test_a_picture_that_is_never_made_is_said(world, ada) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    create = world.platform.generation.create

    def blocked(subject_id, asked):
        create(subject_id, asked)
        return world.platform.generation.become(asked.image_id, "blocked")

    world.platform.generation.create = blocked
    response = ada.post("/v1/images/generations", json={"model": f"persona:{adapter_id}", "prompt": "a portrait"})
    assert (response.status_code, code(response)) == (422, "image-not-made")


def test_an_adapter_is_worn_as_it_was_judged_or_less(world, ada) -> None:
    order = {"adapter_id": ada.adapter(world, ada.opt_in()), "prompt": "a portrait"}
    for number in (0, -0.5, 1.001):
        refused = ada.post("/v1/images", json=order | {"adapter_strength": number})
        assert (refused.status_code, code(refused)) == (422, "invalid-request")
    for number in (0, 3601, 1.5):
        assert ada.post("/v1/images", json=order | {"begin_within_s": number}).status_code == 422
    assert (
        ada.post("/v1/images", json=order | {"adapter_strength": 1, "begin_within_s": 3600, "size": "auto"}).status_code
        == 202
    )
    [asked] = world.platform.generation.orders
    assert (asked.adapter_strength, asked.begin_within_s, asked.size) == (1, 3600, "auto")


@pytest.mark.parametrize("prompt", ["", "   ", "a\x00b", "a\nb", "x" * 1001, "\ud800"])
def test_prompts_that_are_refused(world, ada, prompt: str) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    import json

    body = json.dumps({"adapter_id": adapter_id, "prompt": prompt})
    response = ada.post("/v1/images", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, code(response)) == (422, "invalid-request")
    assert prompt == "" or prompt not in response.text.replace("a b", "")
