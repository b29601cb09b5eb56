"""Edits and variations of published pictures through the public API, and who may not."""

from __future__ import annotations

from typing import Any

import pytest

from semblance.gateway.domain.things import EditOrder
from semblance.kernel.ids import new_id

LEVELS = {"level": "apps", "limits": []}
SCOPE = {"pictures": 3, "days": 30, "review": False, "limits": [], "denied_styles": []}
EDIT = {"prompt": "on a beach"}


def code(response: Any) -> str:
    return str(response.json()["code"])


@pytest.fixture
def published(world: Any, ada: Any) -> str:
    """A published picture of Ada's own."""
    adapter_id = ada.adapter(world, ada.opt_in())
    image_id = ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "x"}).json()["id"]
    world.platform.generation.become(image_id, "published")
    return str(image_id)


def test_an_edit_is_an_image_with_a_job_and_asked_for_once(world: Any, ada: Any, published: str) -> None:
    body = EDIT | {"strength": 0.4, "keep": "face", "seed": 3, "use": "greeting-card"}
    body |= {"adapter_strength": 0.5, "begin_within_s": 60}
    path, headers = f"/v1/images/{published}/edits", {"Idempotency-Key": new_id()}
    made = [ada.post(path, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in made] == [202, 202]
    image = made[0].json()
    assert made[1].json() == image
    assert (image["state"], image["source_image_id"]) == ("queued", published)
    assert made[0].headers["location"] == f"/v1/images/{image['id']}"
    assert ada.get(f"/v1/jobs/{image['id']}").json()["kind"] == "image"
    first, order = world.platform.generation.orders
    assert order.edit == EditOrder(published, 0.4, "face")
    assert (order.adapter_strength, order.begin_within_s) == (0.5, 60)
    assert (order.adapter_id, order.consent_id, order.seed, order.use) == (
        first.adapter_id,
        first.consent_id,
        3,
        "greeting-card",
    )


def test_variations_have_no_words_and_seeds_of_their_own_and_a_retry_asks_for_the_same(
    world: Any, ada: Any, published: str
) -> None:
    path, headers = f"/v1/images/{published}/variations", {"Idempotency-Key": new_id()}
    made = [ada.post(path, json={"n": 3, "begin_within_s": 60}, headers=headers) for _ in range(2)]
    assert made[0].status_code == 202
    assert made[1].json() == made[0].json()
    orders = world.platform.generation.orders[1:]
    assert [order.image_id for order in orders] == [image["id"] for image in made[0].json()["items"]]
    assert {(order.prompt, order.begin_within_s) for order in orders} == {("a photo of me", 60)}
    assert len({order.seed for order in orders}) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        EDIT | {"strength": 0},
        EDIT | {"strength": 1.1},
        EDIT | {"strength": -1},
        EDIT | {"strength": 0.05, "steps": 19},
        EDIT | {"keep": "hat"},
        {"prompt": ""},
    ],
)
def test_what_is_no_edit_is_refused(world: Any, ada: Any, published: str, body: dict[str, Any]) -> None:
    assert ada.post(f"/v1/images/{published}/edits", json=body).status_code == 422
    assert len(world.platform.generation.orders) == 1


@pytest.mark.parametrize("body", [{"n": 0}, {"n": 5}, {"strength": 2}])
def test_what_are_no_variations_is_refused(ada: Any, published: str, body: dict[str, Any]) -> None:
    assert ada.post(f"/v1/images/{published}/variations", json=body).status_code == 422


def test_only_ones_own_published_pictures_are_edited(world: Any, ada: Any, eve: Any, published: str) -> None:
    eve.adapter(world, eve.opt_in())
    for what in ("edits", "variations"):
        path, body = f"/v1/images/{published}/{what}", EDIT if what == "edits" else {}
        assert eve.post(path, json=body).status_code == 404
        assert ada.post(f"/v1/images/{new_id()}/{what}", json=body).status_code == 404
        world.platform.generation.become(published, "queued")
        assert (ada.post(path, json=body).status_code, code(ada.post(path, json=body))) == (409, "image-not-published")
        world.platform.generation.become(published, "removed")
        assert ada.post(path, json=body).status_code == 404
        world.platform.generation.become(published, "published")
    assert len(world.platform.generation.orders) == 1


def test_an_app_edits_what_it_asked_for_under_its_grant_and_each_edit_counts(world: Any, ada: Any, eve: Any) -> None:
    world.platform.sharing.apps[eve.subject_id] = "Photo Booth"
    ada.adapter(world, ada.opt_in())
    ada.http.put("/v1/sharing", json=LEVELS, headers=ada.headers)
    question = {"subject_id": ada.subject_id, "purpose": "for your page", "pictures": 3, "days": 30}
    grant_id = eve.post("/v1/grants", json=question).json()["id"]
    ada.post(f"/v1/grants/{grant_id}/allow", json=SCOPE)
    image_id = eve.post("/v1/images", json={"grant_id": grant_id, "prompt": "x"}).json()["id"]
    world.platform.generation.become(image_id, "published")
    path = f"/v1/images/{image_id}/edits"
    edit = eve.post(path, json=EDIT)
    assert edit.status_code == 202, edit.text
    order = world.platform.generation.orders[-1]
    assert (order.consent_id, order.shared.requester_id, order.edit.source_image_id) == (
        grant_id,
        eve.subject_id,
        image_id,
    )
    assert eve.get(f"/v1/grants/{grant_id}").json()["pictures_left"] == 1
    assert eve.post(path, json=EDIT | {"negative_prompt": "hats"}).status_code == 422
    world.platform.generation.show(ada.subject_id, image_id, shown=False)
    assert (eve.post(path, json=EDIT).status_code, code(eve.post(path, json=EDIT))) == (403, "image-hidden")
