"""Protected faces without an account, and reviews instead of a capture with one."""

from __future__ import annotations

import hashlib

import pytest
from fastapi.testclient import TestClient

from semblance.gateway.testing import gateway
from semblance.kernel.ids import new_id

JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10


def protect(http, *photos: bytes, purpose: str = "self", **more):
    files = [("photos", ("who", photo, "image/jpeg")) for photo in photos or (JPEG,)]
    return http.post("/v1/protected-faces", data={"purpose": purpose}, files=files, **more)


def remove(http, entry_id: str, code: str):
    return http.delete(f"/v1/protected-faces/{entry_id}", headers={"Removal-Code": code})


def test_anybody_protects_a_face_and_takes_it_back_with_the_code(world, http):
    made = protect(http, JPEG, JPEG, JPEG)
    assert made.status_code == 201
    entry = made.json()
    assert (entry["state"], len(entry["removal_code"])) == ("accepted", 43)
    register = world.platform.register
    assert register.codes == {entry["id"]: hashlib.sha256(entry["removal_code"].encode()).hexdigest()}
    assert made.headers["Cache-Control"] == "no-store"
    other = protect(http, purpose="guardian").json()
    assert register.purposes == {entry["id"]: "self", other["id"]: "guardian"}
    for entry_id, code in [(entry["id"], other["removal_code"]), (entry["id"], "x"), (new_id(), other["removal_code"])]:
        refused = remove(http, entry_id, code)
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert remove(http, entry["id"], entry["removal_code"]).status_code == 204
    assert remove(http, entry["id"], entry["removal_code"]).status_code == 404
    assert list(register.codes) == [other["id"]]


def test_a_code_is_told_once_and_kept_nowhere(world, http, caplog):
    caplog.set_level("DEBUG")
    code = protect(http, headers={"Idempotency-Key": "a-key"}).json()["removal_code"]
    again = protect(http, headers={"Idempotency-Key": "a-key"}).json()["removal_code"]
    assert again != code
    assert code not in caplog.text
    stored = b"".join(path.read_bytes() for path in world.front.settings.keys_dir.parent.glob("*.sqlite*"))
    assert code.encode() not in stored


@pytest.mark.parametrize(
    ("photos", "purpose", "refusal"),
    [
        ((JPEG,), "legal_order", (422, "malformed-form")),
        ((JPEG,), "", (422, "malformed-form")),
        ((JPEG,) * 4, "self", (422, "malformed-form")),
        ((b"no picture",), "self", (422, "no-face")),
        ((b"",), "self", (422, "invalid-protection")),
        ((JPEG + b"x" * (5 * 2**20),), "self", (422, "invalid-protection")),
        ((JPEG + b"x" * (16 * 2**20),), "self", (413, "body-too-large")),
    ],
)
def test_what_is_refused(world, http, photos, purpose, refusal):
    refused = protect(http, *photos, purpose=purpose)
    assert (refused.status_code, refused.json()["code"]) == refusal
    assert world.platform.register.codes == {}


def test_other_fields_and_bodies_are_refused(http):
    assert http.post("/v1/protected-faces", json={"purpose": "self"}).status_code == 415
    named = http.post("/v1/protected-faces", data={"purpose": "self", "name": "Ada"}, files={"photos": JPEG})
    assert named.status_code == 422
    assert http.delete(f"/v1/protected-faces/{new_id()}").status_code == 422
    assert remove(http, "not-an-id", "x").status_code == 422
    assert remove(http, new_id(), "x" * 101).status_code == 422


def test_one_address_protects_and_guesses_only_so_often(tmp_path):
    world = gateway(tmp_path, protect_per_hour=1)
    http = TestClient(world.app, raise_server_exceptions=False)
    outcomes = [protect(http).status_code for _ in range(6)] + [
        remove(http, new_id(), "x").status_code for _ in range(6)
    ]
    assert outcomes == [201] * 6 + [404] * 4 + [429] * 2
    assert int(protect(http).headers["Retry-After"]) > 60
    world.database.close()


def test_a_review_is_asked_for_and_read_by_its_owner_alone(world, ada, eve):
    world.platform.reviews.offered = True
    asked = ada.post("/v1/identity-reviews", json={"release_id": new_id()}, headers={"Idempotency-Key": "k"})
    assert asked.status_code == 201
    path = asked.headers["Location"]
    assert ada.get(path).json() == asked.json()
    assert eve.get(path).status_code == 404
    assert ada.post("/v1/identity-reviews", json={"release_id": "x"}).status_code == 422


def test_a_review_is_not_offered_unless_switched_on(ada):
    refused = ada.post("/v1/identity-reviews", json={"release_id": new_id()})
    assert (refused.status_code, refused.json()["code"]) == (403, "review-not-offered")


def test_reviews_are_decided_nowhere_in_the_public_interface(world):
    paths = world.app.openapi()["paths"]
    assert {path for path in paths if "review" in path and "identity" in path} == {
        "/v1/identity-reviews",
        "/v1/identity-reviews/{review_id}",
    }
    assert set(paths["/v1/identity-reviews/{review_id}"]) == {"get"}


def test_a_consent_names_a_session_or_a_review(world, ada):
    review_id = new_id()
    world.platform.identity.allowed_reviews.add(review_id)
    wish = {"purposes": ["photos"], "days": 30}
    granted = ada.post("/v1/consents", json={**wish, "review_id": review_id})
    assert granted.status_code == 201
    for ground in ({}, {"review_id": review_id, "session_id": new_id()}, {"review_id": "x"}):
        assert ada.post("/v1/consents", json={**wish, **ground}).status_code == 422
