"""Levels, grants, the inbox and simulations through the public API, and who may not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.contracts.safety.v1 import events_pb2 as safety
from semblance.gateway.adapters import tables
from semblance.gateway.testing.provenance import PNG
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id

SCOPE = {"pictures": 3, "days": 30, "review": True, "limits": ["no alcohol"], "denied_styles": ["cartoon"]}
LEVELS = {"level": "apps", "limits": ["nothing political"]}


def code(response) -> str:
    return response.json()["code"]


class Shared:
    """Ada, with an adapter; Eve, who is a verified app."""

    def __init__(self, world, ada, eve) -> None:
        self.world, self.ada, self.eve = world, ada, eve
        world.platform.sharing.apps[eve.subject_id] = "Photo Booth"
        self.consent_id = ada.opt_in()
        self.adapter_id = ada.adapter(world, self.consent_id)
        assert ada.http.put("/v1/sharing", json=LEVELS, headers=ada.headers).status_code == 200

    def asked(self, **more) -> dict:
        question = {"subject_id": self.ada.subject_id, "purpose": "for your page", "pictures": 5, "days": 60} | more
        response = self.eve.post("/v1/grants", json=question)
        assert response.status_code == 201, response.text
        return response.json()

    def allowed(self, **more) -> str:
        grant_id = self.asked()["id"]
        assert self.ada.post(f"/v1/grants/{grant_id}/allow", json=SCOPE | more).json()["state"] == "allowed"
        return grant_id

    def picture(self, grant_id: str, **more):
        return self.eve.post("/v1/images", json={"grant_id": grant_id, "prompt": "a portrait"} | more)

    def published(self, grant_id: str) -> str:
        image_id = self.picture(grant_id).json()["id"]
        self.world.platform.generation.become(image_id, "published")
        return image_id


@pytest.fixture
def shared(world, ada, eve) -> Shared:
    return Shared(world, ada, eve)


def test_the_walk_of_an_app(world, shared, ada, eve) -> None:
    asked = shared.asked()
    assert (asked["state"], asked["subject_id"], asked["grantee"]["name"]) == ("asked", None, "Photo Booth")
    [seen] = ada.get("/v1/grants").json()["items"]
    assert (seen["purpose"], seen["asked"]["pictures"]) == ("for your page", 5)
    assert seen["grantee"] == {"id": eve.subject_id, "name": "Photo Booth", "is_app": True}
    allowed = ada.post(f"/v1/grants/{asked['id']}/allow", json=SCOPE).json()
    assert (allowed["pictures_left"], allowed["general_limits"]) == (3, ["nothing political"])
    [mine] = eve.get("/v1/grants?role=grantee").json()["items"]
    assert (mine["subject_id"], mine["allowed"]["limits"]) == (ada.subject_id, ["no alcohol"])
    image = shared.picture(asked["id"])
    assert image.status_code == 202
    [order] = world.platform.generation.orders
    assert (order.consent_id, order.adapter_id) == (asked["id"], shared.adapter_id)
    assert order.shared.limits == ("nothing political", "no alcohol")
    assert (order.shared.requester_id, order.shared.denied_styles) == (eve.subject_id, ("cartoon",))
    assert image.json()["visibility"] == "waiting"
    for _ in range(2):
        assert shared.picture(asked["id"]).status_code == 202
    refused = shared.picture(asked["id"])
    assert (refused.status_code, code(refused)) == (403, "grant-used-up")


def test_a_use_must_be_declared_where_some_are_denied(world, shared, ada, eve) -> None:
    grant_id = shared.allowed(denied_uses=["no ads"], allowed_uses=["greeting-card", "personal"])
    undeclared = shared.picture(grant_id)
    assert (undeclared.status_code, code(undeclared)) == (422, "use-required")
    assert undeclared.json()["remedy"] == "Send `use` with one of: personal, greeting-card."
    denied = shared.picture(grant_id, use="advertising")
    assert (denied.status_code, code(denied)) == (403, "use-denied")
    assert code(shared.picture(grant_id, use="billboards")) == "invalid-request"
    made = shared.picture(grant_id, use="greeting-card")
    assert (made.status_code, made.json()["use"]) == (202, "greeting-card")
    [order] = world.platform.generation.orders
    assert (order.use, order.shared.denied_uses) == ("greeting-card", ("no ads",))
    assert order.shared.allowed_uses == ("greeting-card", "personal")
    assert order.shared.requester_name == "Photo Booth"
    [item] = ada.get("/v1/inbox").json()["items"]
    assert item["image"]["use"] == "greeting-card"
    for use, expected in (({}, ["use-required"]), ({"use": "dating"}, ["use-denied"]), ({"use": "personal"}, [])):
        answer = eve.post("/v1/consents/check", json={"grant_id": grant_id, **use}).json()
        assert [reason["code"] for reason in answer["reasons"]] == expected
        assert not expected or "greeting-card" in answer["detail"]


def test_the_persons_log_is_told_what_their_limits_refused(world, shared) -> None:
    grant_id = shared.allowed()
    assert code(shared.picture(grant_id, prompt="forbidden", use="dating")) == "prompt-refused"
    world.platform.training.owned.clear()
    assert code(shared.picture(grant_id, use="dating")) == "no-live-adapter"
    assert world.platform.sharing.told == [(grant_id, "prompt-refused", "dating"), (grant_id, "", "")]


def test_a_simulated_answer_says_what_for(shared, ada) -> None:
    grant_id = shared.asked(uses=["greeting-card"])["id"]
    allow = {"grant_id": grant_id, **SCOPE, "allowed_uses": ["greeting-card"], "denied_uses": ["posters"]}
    told = ada.post("/v1/consents/simulate", json={"allow": allow}).json()
    assert "for greeting-card only, not for: posters." in told["explanation"][0]


def test_review_then_fetch_then_hide_then_delete(world, shared, ada, eve) -> None:
    image_id = shared.picture(shared.allowed()).json()["id"]
    content = f"/v1/images/{image_id}/content"
    assert code(eve.get(content)) == "image-not-published"
    world.platform.generation.become(image_id, "published")
    assert (eve.get(content).status_code, code(eve.get(content))) == (403, "awaiting-approval")
    assert ada.get(content).content == PNG
    [item] = ada.get("/v1/inbox").json()["items"]
    assert (item["requested_by"]["name"], item["image"]["visibility"]) == ("Photo Booth", "waiting")
    assert ada.get("/v1/images").json()["items"] == []
    assert ada.post(f"/v1/inbox/{image_id}/approve").json()["image"]["visibility"] == "shown"
    assert eve.get(content).content == PNG
    assert eve.get(f"/v1/images/{image_id}/manifest").status_code == 200
    assert [i["id"] for i in eve.get("/v1/images?of=others").json()["items"]] == [image_id]
    ada.post(f"/v1/inbox/{image_id}/hide")
    assert code(eve.get(content)) == "image-hidden"
    assert code(eve.get(f"/v1/images/{image_id}/manifest")) == "image-hidden"
    ada.post(f"/v1/inbox/{image_id}/approve")
    assert ada.delete(f"/v1/images/{image_id}").json()["state"] == "removed"
    assert eve.get(content).status_code == 404
    assert ada.get("/v1/inbox").json()["items"][0]["image"]["state"] == "removed"


def test_the_grantee_follows_the_job_and_nobody_else_does(world, shared, eve, sign_up) -> None:
    image_id = shared.picture(shared.allowed()).json()["id"]
    ids = {"subject_id": shared.ada.subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    world.deliver(safety.ImageHeld(**ids))
    assert eve.get(f"/v1/jobs/{image_id}").json()["state"] == "in_review"
    world.deliver(generation.ImageFailed(**ids, reason_code="internal"))
    assert eve.get(f"/v1/jobs/{image_id}").json()["state"] == "failed"
    told = eve.get(f"/v1/jobs/{image_id}/events").text
    assert "in_review" in told
    assert "internal" in told
    bob = sign_up("bob")
    for path in (f"/v1/jobs/{image_id}", f"/v1/jobs/{image_id}/events", f"/v1/images/{image_id}"):
        assert bob.get(path).status_code == 404
    assert eve.get("/v1/jobs").json()["items"] == []


def test_withdrawing_is_one_call_and_takes_the_pictures_out_of_reach(shared, ada, eve) -> None:
    for withdraw in ("/v1/grants/{}/withdraw", "/v1/consents/{}/revoke"):
        grant_id = shared.allowed(review=False)
        image_id = shared.published(grant_id)
        assert eve.get(f"/v1/images/{image_id}/content").status_code == 200
        for _ in range(2):
            assert ada.post(withdraw.format(grant_id)).json()["state"] == "withdrawn"
        refused = shared.picture(grant_id)
        assert (refused.status_code, code(refused)) == (403, "consent-revoked")
        assert code(eve.get(f"/v1/images/{image_id}/content")) == "consent-revoked"
        assert ada.get(f"/v1/images/{image_id}/content").content == PNG
        assert image_id in [item["image"]["id"] for item in ada.get("/v1/inbox").json()["items"]]
        ada.post(f"/v1/inbox/{image_id}/hide")


def test_a_lower_level_ends_grants_at_once(shared, ada) -> None:
    grant_id = shared.allowed()
    assert (
        ada.http.put("/v1/sharing", json=LEVELS | {"level": "people"}, headers=ada.headers).json()["level"] == "people"
    )
    assert code(shared.picture(grant_id)) == "consent-revoked"
    late = shared.asked()["id"]
    assert code(ada.post(f"/v1/grants/{late}/allow", json=SCOPE)) == "level-too-low"
    assert ada.post(f"/v1/grants/{late}/refuse").json()["state"] == "refused"
    assert ada.get("/v1/consents").json()["items"][0]["id"] == shared.consent_id
    assert len(ada.get("/v1/consents").json()["items"]) == 1  # grants are among the grants


def test_another_account_with_the_same_grant_id_finds_nothing(shared, sign_up, ada) -> None:
    grant_id = shared.allowed()
    image_id = shared.published(grant_id)
    bob = sign_up("bob")
    bob.opt_in()
    for response in (
        bob.post("/v1/images", json={"grant_id": grant_id, "prompt": "x"}),
        bob.get(f"/v1/grants/{grant_id}"),
        bob.post(f"/v1/grants/{grant_id}/allow", json=SCOPE),
        bob.post(f"/v1/grants/{grant_id}/refuse"),
        bob.post(f"/v1/grants/{grant_id}/withdraw"),
        bob.post("/v1/consents/check", json={"grant_id": grant_id}),
        bob.get(f"/v1/images/{image_id}/content"),
        bob.post(f"/v1/inbox/{image_id}/approve"),
        shared.eve.post(f"/v1/inbox/{image_id}/approve"),  # the grantee approves nothing
        shared.eve.post(f"/v1/inbox/{image_id}/hide"),
        shared.eve.delete(f"/v1/images/{image_id}"),
        ada.post("/v1/images", json={"grant_id": grant_id, "prompt": "x"}),  # nor does the person use it
    ):
        assert (response.status_code, code(response)) == (404, "not-found")
    own = shared.eve.post("/v1/images", json={"adapter_id": shared.adapter_id, "prompt": "x", "consent_id": grant_id})
    assert own.status_code == 404
    for body in ({"consent_id": grant_id, "purpose": "generate"}, {"consent_id": grant_id, "purpose": "train"}):
        for guest in (ada, shared.eve):  # a grant is nobody's own consent
            assert guest.post("/v1/consents/check", json=body).json()["reason_code"] == "consent-required"
    assert code(ada.add_photo(grant_id)) == "consent-required"


def test_a_refused_picture_does_not_count(world, shared, ada, eve) -> None:
    grant_id = shared.allowed(pictures=1)
    assert code(shared.picture(grant_id, prompt="forbidden")) == "prompt-refused"
    world.platform.training.become(shared.adapter_id, "removed")
    assert (shared.picture(grant_id).status_code, code(shared.picture(grant_id))) == (409, "no-live-adapter")
    check = eve.post("/v1/consents/check", json={"grant_id": grant_id}).json()
    assert [reason["code"] for reason in check["reasons"]] == ["no-live-adapter"]
    world.platform.training.become(shared.adapter_id, "ready")
    assert eve.get(f"/v1/grants/{grant_id}").json()["pictures_left"] == 1
    create = world.platform.generation.create

    def away(subject_id, order):
        create(subject_id, order)
        raise Unavailable("no answer")

    world.platform.generation.create = away
    key = {"Idempotency-Key": new_id()}
    lost = eve.post("/v1/images", json={"grant_id": grant_id, "prompt": "a portrait"}, headers=key)
    assert lost.status_code == 503
    assert eve.get(f"/v1/grants/{grant_id}").json()["pictures_left"] == 0  # perhaps it was made
    world.platform.generation.create = create
    again = eve.post("/v1/images", json={"grant_id": grant_id, "prompt": "a portrait"}, headers=key)
    assert again.status_code == 202
    assert len(world.platform.generation.orders) == 1


def test_check_tells_before_any_work(shared, ada, eve) -> None:
    grant_id = shared.asked()["id"]
    check = eve.post("/v1/consents/check", json={"grant_id": grant_id}).json()
    assert (check["allowed"], check["reason_code"], check["pictures_left"]) == (False, "grant-not-given", 0)
    ada.post(f"/v1/grants/{grant_id}/allow", json=SCOPE)
    for guest in (ada, eve):
        check = guest.post("/v1/consents/check", json={"grant_id": grant_id}).json()
        assert (check["allowed"], check["reasons"], check["pictures_left"]) == (True, [], 3)
    check = eve.post("/v1/consents/check", json={"grant_id": grant_id, "purpose": "train"}).json()
    assert (check["allowed"], check["reason_code"]) == (False, "consent-required")
    assert eve.get(f"/v1/grants/{grant_id}").json()["pictures_made"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"adapter_id": new_id(), "grant_id": new_id()},
        {"grant_id": new_id(), "negative_prompt": "clothes"},
        {"grant_id": new_id(), "consent_id": new_id()},
    ],
)
def test_a_picture_is_asked_for_in_one_way(eve, body) -> None:
    assert code(eve.post("/v1/images", json={"prompt": "x"} | body)) == "invalid-request"


@pytest.mark.parametrize(
    "body",
    [
        {"level": "all"},
        {"level": "apps", "limits": ["x" * 201]},
        {"level": "apps", "limits": ["no\ncats"]},
        {"level": "apps", "limits": ["x"] * 21},
        {"level": "apps", "pictures": 0},
        {"level": "apps", "more": 1},
    ],
)
def test_settings_that_are_refused(ada, body) -> None:
    assert code(ada.http.put("/v1/sharing", json=body, headers=ada.headers)) == "invalid-request"


def test_asking_looks_the_same_for_somebody_who_does_not_exist(shared) -> None:
    real, nobody = shared.asked(), shared.asked(subject_id=new_id())
    same = ("state", "subject_id", "purpose", "asked", "allowed", "pictures_left", "expires_at")
    assert {name: real[name] for name in same} == {name: nobody[name] for name in same}


def test_a_gift_does_not_tell_whose_id_it_is(shared, ada, sign_up) -> None:
    bob = sign_up("bob")
    given = {"pictures": 1, "days": 1}
    for grantee_id in (bob.subject_id, new_id()):
        gift = ada.post("/v1/grants/give", json=given | {"grantee_id": grantee_id})
        assert gift.json()["grantee"] == {"id": grantee_id, "name": None, "is_app": False}
    bob.post("/v1/grants", json={"subject_id": ada.subject_id, "purpose": "please", "pictures": 1, "days": 1})
    assert "bob" in [grant["grantee"]["name"] for grant in ada.get("/v1/grants").json()["items"]]


def rows(world) -> dict[str, list[str]]:
    with world.database.read() as session:
        kept = [t for t in tables.metadata.sorted_tables if t.name != "rate_limits"]
        return {t.name: sorted(map(repr, session.execute(sa.select(t)))) for t in kept}


def test_a_simulation_explains_and_changes_nothing(world, shared, ada) -> None:
    grant_id, question = shared.allowed(), shared.asked()["id"]
    shared.published(grant_id)
    shared.picture(grant_id)
    kept = rows(world), dict(world.platform.sharing.known), dict(world.platform.identity.consents_by_id)

    def simulated(**change) -> dict:
        response = ada.post("/v1/consents/simulate", json=change)
        assert response.status_code == 200, response.text
        return response.json()

    lower = simulated(set_sharing={"level": "only_me"})
    assert ([g["id"] for g in lower["stop"]], lower["stand"], lower["level_after"]) == ([grant_id], [], "only_me")
    assert lower["pictures"] == {"stopped": 1, "kept": 1, "kept_of_others": 1}
    assert lower["own_purposes"] == ["generate", "photos", "train"]
    assert "The app Photo Booth could make no more pictures; 1 picture would be lost." in lower["explanation"]
    one = simulated(withdraw=grant_id)
    assert (one["pictures"], one["level_after"]) == (lower["pictures"], "apps")
    everything = simulated(withdraw=shared.consent_id)
    assert everything["adapters_destroyed"] == [shared.adapter_id]
    assert (everything["own_purposes"], everything["consents_withdrawn"]) == ([], [shared.consent_id])
    allowed = simulated(allow={"grant_id": question, "pictures": 1, "days": 1, "review": False})
    assert [g["id"] for g in allowed["start"]] == [question]
    assert "without asking you again" in " ".join(allowed["explanation"])
    given = simulated(give={"grantee_id": new_id(), "pictures": 2, "days": 1})
    assert given["start"][0]["grantee"]["name"] is None
    same = simulated(set_sharing=LEVELS)
    assert same["explanation"] == ["Nothing would change."]
    refused = simulated(withdraw=new_id())
    assert (refused["refused"]["code"], refused["stop"]) == ("not-found", [])
    assert (rows(world), world.platform.sharing.known, world.platform.identity.consents_by_id) == kept
    for wrong in ({}, {"withdraw": grant_id, "set_sharing": LEVELS}, {"raise": "all"}):
        assert code(ada.post("/v1/consents/simulate", json=wrong)) == "invalid-request"


def test_an_erased_requester_has_no_name(world, shared, ada) -> None:
    image_id = shared.published(shared.allowed())
    owner, image = world.platform.generation.owned[image_id]
    world.platform.generation.owned[image_id] = (owner, type(image)(**vars(image) | {"requester_id": "erased"}))
    assert ada.get("/v1/inbox").json()["items"][0]["requested_by"] == {"id": "erased", "name": None, "is_app": False}
