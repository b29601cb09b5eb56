"""Pictures of several through the public API: Eve asks, Ada gave a grant, and what either may do."""

from __future__ import annotations

import pytest

from semblance.gateway.testing.provenance import PNG

SCOPE = {"pictures": 3, "days": 30, "review": True, "together": True}


class Two:
    """Both have opted in and have an adapter; Ada's grant to Eve covers pictures together."""

    def __init__(self, world, ada, eve) -> None:
        self.world, self.ada, self.eve = world, ada, eve
        self.adapters = {each.subject_id: each.adapter(world, each.opt_in()) for each in (ada, eve)}
        assert ada.http.put("/v1/sharing", json={"level": "people"}, headers=ada.headers).status_code == 200

    def grant(self, **more) -> str:
        given = self.ada.post("/v1/grants/give", json=SCOPE | {"grantee_id": self.eve.subject_id} | more)
        assert given.status_code == 201, given.text
        return given.json()["id"]

    def ask(self, *others, **more):
        mine = {"adapter_id": self.adapters[self.eve.subject_id], "prompt": "in a garden", "others": list(others)}
        return self.eve.post("/v1/images", json=mine | more)

    def published(self, **more) -> tuple[str, str]:
        grant_id = self.grant(**more)
        image_id = self.ask({"grant_id": grant_id}).json()["id"]
        self.world.platform.generation.become(image_id, "published")
        return grant_id, image_id

    @property
    def used(self) -> set:
        return {grant_id for grant_id, _ in self.world.platform.sharing.used}


@pytest.fixture
def two(world, ada, eve) -> Two:
    return Two(world, ada, eve)


def code(response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


def test_each_is_placed_under_their_own_consent_and_counted(world, two, ada, eve) -> None:
    grant_id = two.grant()
    asked = two.ask({"grant_id": grant_id, "region": "right", "prompt": "me reading"}, region="left")
    assert asked.status_code == 202, asked.text
    assert (asked.json()["people"], asked.json()["visibility"]) == (2, "waiting")
    [order] = world.platform.generation.orders
    [beside] = order.beside
    assert (order.region.right, beside.region.left) == (0.5, 0.5)
    assert (beside.subject_id, beside.consent_id) == (ada.subject_id, grant_id)
    assert beside.adapter_id == two.adapters[ada.subject_id]
    assert two.used == {grant_id}
    assert "reading" not in repr(order)


def test_who_has_no_region_stands_side_by_side(world, two) -> None:
    assert two.ask({"grant_id": two.grant()}, adapter_strength=0.5, begin_within_s=60).status_code == 202
    [order] = world.platform.generation.orders
    assert (order.adapter_strength, order.begin_within_s) == (0.5, 60)
    assert (order.region.right, order.beside[0].region.left, order.beside[0].region.right) == (0.5, 0.5, 1.0)


def test_a_grant_covers_pictures_alone_unless_it_says_so(two) -> None:
    grant_id = two.grant(together=False)
    question = {"grant_id": grant_id, "purpose": "generate", "together": True}
    assert two.eve.post("/v1/consents/check", json=question).json()["reason_code"] == "not-together"
    assert two.eve.post("/v1/consents/check", json=question | {"together": False}).json()["allowed"]
    assert code(two.ask({"grant_id": grant_id})) == (403, "not-together")
    assert two.used == set()


def test_both_grants_of_a_refused_picture_are_given_back(two) -> None:
    grant_id = two.grant()
    assert code(two.ask({"grant_id": grant_id}, prompt="forbidden")) == (422, "prompt-refused")
    assert code(two.ask({"grant_id": grant_id}, {"adapter_id": two.adapters[two.eve.subject_id]}))[0] == 422
    assert two.used == set()


def test_each_whose_limits_refuse_it_finds_it_in_their_log(two, sign_up) -> None:
    cleo = sign_up("cleo")
    cleo.adapter(two.world, cleo.opt_in())
    cleo.http.put("/v1/sharing", json={"level": "people"}, headers=cleo.headers)
    both = {"grantee_id": two.eve.subject_id, "allowed_uses": ["personal"], "limits": ["hats", "rain"]}
    adas = two.grant(limits=["hats"], allowed_uses=["personal"])
    cleos = cleo.post("/v1/grants/give", json=SCOPE | both).json()["id"]
    sharing, others = two.world.platform.sharing, ({"grant_id": adas}, {"grant_id": cleos})
    refused = two.ask(*others, prompt="in hats", use="personal")
    assert code(refused) == (422, "prompt-refused")
    assert not {adas, cleos} & set(refused.text.split('"')), "whoever asks is not told whose limits"
    assert sharing.told == [(adas, "prompt-refused", "personal"), (cleos, "prompt-refused", "personal")]
    sharing.told.clear()
    assert two.ask(*others, prompt="in rain", use="personal").text == refused.text
    assert sharing.told == [(adas, "", "personal"), (cleos, "prompt-refused", "personal")]
    sharing.told.clear()
    assert code(two.ask(*others, use="dating")) == (403, "use-denied")
    assert sharing.told == [(adas, "use-denied", "dating"), (cleos, "use-denied", "dating")], (
        "both, not the first alone"
    )
    assert two.used == set()


def test_what_cannot_be_meant_is_refused(two) -> None:
    given = {"grant_id": two.grant()}
    outside = {"left": 0.5, "top": 0, "right": 1.5, "bottom": 1}
    for wrong in (
        {"region": "left"},  # and the other has none
        {"negative_prompt": "sad"},
        {"size": "384x256"},
        {"others": [given | {"region": outside}]},
        {"others": [{"region": "left"}]},
        {"others": [given, given]},
        {"others": [given] * 4},
        {"others": [], "region": "left"},
    ):
        assert two.ask(**{"others": [given]} | wrong).status_code == 422, wrong
    assert two.used == set()


@pytest.mark.parametrize(("people_max", "refused"), [(1, "one-person-a-picture"), (2, "too-many-people")])
def test_more_than_the_backbone_draws_are_refused_before_anything_is_counted(
    two, people_max: int, refused: str
) -> None:
    generation = two.world.platform.generation
    assert two.eve.http.get("/v1/capabilities").json()["people_max"] == 4
    generation.people_max = people_max
    can = two.eve.http.get("/v1/capabilities").json()
    assert can == {"people_max": people_max, "steps_max": 50, "own_steps": 12, "sizes": ["256x256"]}
    others = [{"grant_id": two.grant()} for _ in range(people_max)]
    asked = two.ask(*others)
    assert (code(asked), bool(asked.json()["remedy"])) == ((422, refused), True)
    assert (generation.orders, two.used) == ([], set())


def test_whoever_is_in_it_sees_it_and_lets_it_through(two, ada, eve) -> None:
    grant_id, image_id = two.published()
    content = f"/v1/images/{image_id}/content"
    assert code(eve.get(content)) == (403, "awaiting-approval")
    assert code(eve.get(f"/v1/images/{image_id}/manifest")) == (403, "awaiting-approval")
    [item] = ada.get("/v1/inbox").json()["items"]
    assert (item["requested_by"]["id"], item["grant_id"], item["image"]["people"]) == (eve.subject_id, grant_id, 2)
    assert two.adapters[eve.subject_id] not in str(item)
    assert ada.get(content).content == PNG
    assert ada.post(f"/v1/inbox/{image_id}/approve").status_code == 200
    assert eve.get(content).content == PNG
    assert ada.post(f"/v1/inbox/{image_id}/hide").status_code == 200
    assert code(eve.get(content)) == (403, "image-hidden")


def test_only_whoever_asked_changes_it_and_everybody_is_asked_again(two, ada, eve) -> None:
    grant_id, image_id = two.published()
    path, edit = f"/v1/images/{image_id}/edits", {"prompt": "in the snow", "keep": "face"}
    assert code(eve.post(path, json=edit)) == (403, "awaiting-approval")
    assert code(ada.post(path, json=edit)) == (403, "asked-by-another")
    assert ada.post(f"/v1/inbox/{image_id}/approve").status_code == 200
    assert eve.post(path, json=edit | {"negative_prompt": "hats"}).status_code == 422
    made = eve.post(path, json=edit)
    assert (made.status_code, made.json()["people"], made.json()["source_image_id"]) == (202, 2, image_id), made.text
    first, again = two.world.platform.generation.orders
    assert (again.edit.kept, again.region, [each.region for each in again.beside]) == ("face", None, [None])
    assert (again.consent_id, again.adapter_id) == (first.consent_id, first.adapter_id)
    [was], [beside] = first.beside, again.beside
    assert (beside.consent_id, beside.shared, beside.adapter_id) == (grant_id, was.shared, was.adapter_id)
    assert eve.post(f"/v1/images/{image_id}/variations", json={"n": 2}).status_code == 403, "three in all"
    assert eve.get(f"/v1/grants/{grant_id}").json()["pictures_left"] == 0
    ada.post(f"/v1/grants/{grant_id}/withdraw")
    assert code(eve.post(path, json=edit)) == (403, "consent-of-another-required")


def test_who_asked_for_two_others_changes_it_under_both_grants(two, ada, eve, sign_up) -> None:
    cleo = sign_up("cleo")
    cleo.adapter(two.world, cleo.opt_in())
    cleo.http.put("/v1/sharing", json={"level": "people"}, headers=cleo.headers)
    given = SCOPE | {"review": False}
    adas = two.grant(review=False)
    cleos = cleo.post("/v1/grants/give", json=given | {"grantee_id": eve.subject_id}).json()["id"]
    mine = {"adapter_id": two.adapters[eve.subject_id]}
    body = {"grant_id": adas, "prompt": "x", "others": [{"grant_id": cleos}, mine]}
    asked = eve.post("/v1/images", json=body)
    image_id = asked.json()["id"]
    two.world.platform.generation.become(image_id, "published")
    made = eve.post(f"/v1/images/{image_id}/edits", json={"prompt": "in the snow"})
    assert (made.status_code, made.json()["people"]) == (202, 3), made.text
    first, again = two.world.platform.generation.orders
    assert [each.consent_id for each in (again, *again.beside)] == [each.consent_id for each in (first, *first.beside)]
    assert again.beside[1].shared is None


def test_a_withdrawn_grant_takes_it_out_of_reach_and_either_deletes_it(two, ada, eve, sign_up) -> None:
    grant_id, image_id = two.published(review=False)
    content = f"/v1/images/{image_id}/content"
    assert eve.get(content).content == PNG
    assert sign_up("mallory").get(content).status_code == 404
    ada.post(f"/v1/grants/{grant_id}/withdraw")
    assert code(eve.get(content)) == (403, "consent-of-another-required")
    assert ada.delete(f"/v1/images/{image_id}").json()["state"] == "removed"
    assert eve.get(f"/v1/images/{image_id}").json()["state"] == "removed"
