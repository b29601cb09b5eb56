"""Who asks for pictures, who may have some and what they asked for, on the person's page in a real browser.

Without a Chromium on the machine these are skipped, and say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from semblance.gateway.domain.things import ImageOrder
from semblance.gateway.testing import GatewayInProcess, browser
from semblance.gateway.testing.visit import Visit

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(browser.chromium() is None, reason="no Chromium here: apt-get install chromium"),
]
MARKUP = "five portraits<img src=x onerror=alert(1)>"
QUESTION = {"pictures": 5, "days": 60, "together": True}


def ask(asker: Any, person: Any, **more: object) -> str:
    asked = asker.post("/v1/grants", json=QUESTION | {"subject_id": person.subject_id} | more)
    assert asked.status_code == 201, asked.text
    return str(asked.json()["id"])


def fits(visit: Visit, name: str) -> None:
    """Nothing is cut off at a telephone's width; then a desk's again."""
    visit.shoot(name)
    visit.page.sized(390, 844, phone=True)
    visit.shoot(f"{name}-phone")
    assert visit.page.run("document.documentElement.scrollWidth") <= 390
    visit.page.sized(1280, 800)


def test_a_question_is_allowed_in_part_or_refused_and_taken_back(
    world: GatewayInProcess, visit: Visit, sign_up: Callable[..., Any]
) -> None:
    page, ada, booth, eve = visit.page, sign_up("ada"), sign_up("booth"), sign_up("eve")
    world.platform.sharing.apps[booth.subject_id] = "Photo Booth"
    ada.opt_in()
    refused = ask(eve, ada, purpose="for my wall")
    wanted = ask(booth, ada, purpose=MARKUP, uses=["greeting-card"])
    visit.enter(new=False)
    visit.at("given")
    assert visit.text("asking") == "2 questions wait for my answer; no permissions of mine stand."
    page.click("#see-others")
    visit.at("others")
    fits(visit, "others-asked")
    said = visit.text("questions")
    for words in (
        "The app Photo Booth (verified",
        MARKUP,
        "5 pictures, within 60 days",
        "greeting cards",
        "with others",
    ):
        assert words in said
    assert "The person eve (an account here, not a verified app)" in said
    assert page.run("document.querySelectorAll('#questions img').length") == 0, "others' words are never markup"
    assert visit.text("my-id") == ada.subject_id
    page.click("#questions li:last-child button:not(.main)")
    page.until("document.querySelectorAll('#questions li').length === 1")
    assert eve.get(f"/v1/grants/{refused}").json()["state"] == "refused"

    page.click("#questions .main")
    assert page.run("document.querySelector('#allow [name=review]').checked")
    assert not page.run("document.querySelector('#allow [name=together]').checked"), "it is no unless said"
    page.run("for (const n of ['pictures', 'days']) document.querySelector(`#allow [name=${n}]`).value = ''")
    page.fill("#allow [name=pictures]", "6")
    page.fill("#allow [name=days]", "30")
    page.fill("#allow [name=limits]", "no alcohol\n\n nothing political ")
    fits(visit, "allow")
    page.click("#allow-yes")  # the browser refuses a sixth of five, and asks for the level first
    assert page.run(
        "document.querySelector('#allow :invalid [name=pictures], #allow [name=pictures]:invalid') !== null"
    )
    page.run("document.querySelector('#allow [name=pictures]').value = ''")
    page.fill("#allow [name=pictures]", "3")
    page.click("#allow-yes")
    assert page.run("document.querySelector('#allow [name=raise]:invalid') !== null")
    assert booth.get(f"/v1/grants/{wanted}").json()["state"] == "asked"
    page.click("#allow [name=raise]")
    page.click("#allow-yes")
    page.until("!!document.querySelector('#grants li.active')")
    allowed = booth.get(f"/v1/grants/{wanted}").json()["allowed"]
    assert (allowed["pictures"], allowed["days"], allowed["review"], allowed["together"]) == (3, 30, True, False)
    assert allowed["limits"] == ["no alcohol", "nothing political"]
    assert ada.get("/v1/sharing").json()["level"] == "apps"
    fits(visit, "others-allowed")
    card = visit.text("grants")
    for words in (
        "3 pictures left of 3",
        "I see each picture first",
        "never together",
        "My limits: no alcohol; nothing",
    ):
        assert words in card
    page.click("#grants .danger")
    page.until("!document.querySelector('#grants li.active')")
    assert booth.get(f"/v1/grants/{wanted}").json()["state"] == "withdrawn"
    assert page.run("[localStorage.length, sessionStorage.length]") == [0, 1], "the sign-in, and nothing of others"
    assert page.complaints == []


def test_together_has_a_tick_of_its_own_and_pictures_that_others_asked_for_wait_for_a_look(
    world: GatewayInProcess, visit: Visit, sign_up: Callable[..., Any]
) -> None:
    page, ada, eve, bob = visit.page, sign_up("ada"), sign_up("eve"), sign_up("bob")
    ada.adapter(world, ada.opt_in())
    grant_id = ask(eve, ada, purpose="the two of us")
    alone = ask(bob, ada, purpose="you alone", together=False)
    visit.enter(new=False)
    visit.at("given")
    page.click("#to-others")
    visit.at("others")
    page.run("document.getElementById('how-far').elements.level.value = 'people'")
    page.click("#how-far button")
    page.until("/Also people/.test(document.getElementById('how-far-is').innerText)")
    assert ada.get("/v1/sharing").json()["level"] == "people"

    page.click("#questions li:first-child .main")
    assert page.run("document.getElementById('allow-together').hidden"), "it was not asked"
    assert page.run("document.getElementById('allow-raise').hidden")
    assert bob.post(f"/v1/grants/{alone}/withdraw").status_code == 200
    page.click("#allow-yes")
    page.until("/already answered/i.test(document.getElementById('allow-problem').innerText)")
    assert [told for told in page.complaints if "409 (Conflict)" not in told] == []
    page.complaints.clear()
    page.press("Escape", 27)
    page.until("document.querySelectorAll('#questions .main').length === 1")  # what has changed meanwhile is shown
    page.click("#questions .main")
    page.click("#allow [name=together]")
    page.click("#allow-yes")
    page.until("/together with others/.test(document.getElementById('grants').innerText)")
    assert eve.get(f"/v1/grants/{grant_id}").json()["allowed"]["together"]

    image_id = eve.post("/v1/images", json={"grant_id": grant_id, "prompt": "a portrait"}).json()["id"]
    content = f"/v1/images/{image_id}/content"
    world.platform.generation.become(image_id, "published")
    page.run("document.querySelector('#grants .danger').focus()")
    page.until("!!document.querySelector('#inbox img')", 30)  # by itself, and whoever uses the keyboard stays there
    assert page.run("document.activeElement.innerText") == "Withdraw"
    page.run("document.getElementById('inbox').scrollIntoView()")
    fits(visit, "inbox")
    assert "The person eve" in visit.text("inbox")
    assert eve.get(content).json()["code"] == "awaiting-approval"
    page.click("#inbox .main")
    page.until("/They can have it/.test(document.getElementById('inbox').innerText)")
    assert eve.get(content).status_code == 200
    assert page.run("document.activeElement.innerText") == "Hide it", "whoever uses the keyboard is somewhere else"
    page.press("Enter", 13, "\r")
    page.until("/Hidden from them/.test(document.getElementById('inbox').innerText)")
    assert eve.get(content).json()["code"] == "image-hidden"
    page.click("#grants .danger")
    page.until("/permission was taken back/.test(document.getElementById('inbox').innerText)")
    page.click("#inbox .danger")
    page.until("!document.querySelector('#inbox .danger')")
    assert world.platform.generation.owned[image_id][1].state == "removed"
    assert page.complaints == []


def waits_for_everybody(world: GatewayInProcess, visit: Visit, other: Any, order: ImageOrder) -> None:
    """What was asked for is shown once the other one lets it through, and can then be changed for both."""
    page = visit.page
    world.platform.generation.become(order.image_id, "published")
    page.until("/once everybody in it lets me/.test(document.getElementById('pictures').innerText)", 30)
    fits(visit, "together-asked")
    assert other.post(f"/v1/inbox/{order.image_id}/approve").status_code == 200
    page.until("!!document.querySelector('#pictures img')", 30)
    page.click("#pictures .change")
    assert "Our faces" in page.run("document.querySelector('#edit [name=keep]').innerText")
    page.fill("#edit [name=prompt]", "in the snow")
    page.click("#edit-yes")
    page.until("document.querySelectorAll('#pictures li').length === 2")
    _, edit = world.platform.generation.orders
    assert (edit.edit.source_image_id, edit.beside[0].consent_id) == (order.image_id, order.beside[0].consent_id)


def test_a_picture_with_others_is_asked_for_where_somebody_lets_one(
    world: GatewayInProcess, visit: Visit, sign_up: Callable[..., Any]
) -> None:
    page, ada, eve, bob = visit.page, sign_up("ada"), sign_up("eve"), sign_up("bob")
    for each in (ada, eve, bob):
        each.adapter(world, each.opt_in())
        assert each.put("/v1/sharing", json={"level": "people"}).status_code == 200
    scope = {"pictures": 2, "days": 30, "limits": ["hats"]}
    bob.post("/v1/grants/give", json=scope | {"grantee_id": ada.subject_id})
    visit.enter(new=False)
    visit.at("given")
    page.click("#to-pictures")
    page.until("document.getElementById('train').innerText === 'Learn anew'")
    assert page.run("document.getElementById('together').hidden"), "bob lets her have pictures of him alone"
    grant_id = ask(ada, eve, purpose="the two of us", pictures=2)
    assert eve.post(f"/v1/grants/{grant_id}/allow", json=scope | {"together": True}).status_code == 200
    page.click("#to-pictures")
    page.click("#together summary")
    assert visit.text("together-who").startswith("“the two of us”")
    field = "#together-how [name=prompt]"
    page.fill(field, "two friends in hats")
    page.click("#together-how [type=submit]")
    page.until("/Say who else/.test(document.getElementById('problem').innerText)")
    page.click("#together-who [type=checkbox]")
    page.fill("#together-who .field:last-child input", "me with a book")
    page.run("document.querySelector('#together-how [name=standing]').focus()")
    page.press("e", 69, "e")  # each where I say
    page.until("document.getElementById('together-mine').checkVisibility()")
    page.run("document.getElementById('together').scrollIntoView()")
    fits(visit, "together")
    page.click("#together-how [type=submit]")
    page.until("/what is not made here/.test(document.getElementById('problem').innerText)")
    assert "hats" not in visit.text("problem"), "nobody's limits are told"
    page.complaints.clear()
    page.run(f"document.querySelector('{field}').value = ''")
    page.fill(field, "two friends in a garden")
    page.click("#together-how [type=submit]")
    page.until("!!document.querySelector('#pictures li')")
    [order] = world.platform.generation.orders
    [beside] = order.beside
    assert order.prompt == "two friends in a garden"
    assert (beside.subject_id, beside.consent_id, beside.prompt) == (eve.subject_id, grant_id, "me with a book")
    assert (order.region.right, beside.region.left) == (0.5, 0.5)
    waits_for_everybody(world, visit, eve, order)
    eve.post(f"/v1/grants/{grant_id}/withdraw")
    world.platform.generation.people_max = 1
    page.click("#to-pictures")
    page.until("/agreed/.test(document.getElementById('pictures').innerText)")
    assert page.run("document.getElementById('together').hidden")
