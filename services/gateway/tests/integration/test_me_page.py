"""The person's page in a real browser, before stand-ins of the other services. tests/e2e has the whole of it.

Without a Chromium on the machine these are skipped, and say so."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from semblance.gateway.domain.things import EditOrder, Frame
from semblance.gateway.testing import GatewayInProcess, browser
from semblance.gateway.testing.platform import FakeGeneration
from semblance.gateway.testing.visit import PHRASE, Visit
from semblance.kernel.ids import new_id

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(browser.chromium() is None, reason="no Chromium here: apt-get install chromium"),
]
ALREADY_GIVEN = "#consents li.active"
IN_ORDER = ["rest", "turn_left", "nod", "hold"]


def test_only_this_page_may_ask_for_the_camera_and_it_runs_its_own_files_alone(http: TestClient) -> None:
    page = http.get("/me")
    assert page.headers["permissions-policy"].startswith("camera=(self)")
    assert http.get("/verify").headers["permissions-policy"].startswith("camera=()")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in page.text.replace("http-equiv", ""), "nothing comes from elsewhere"


def test_everything_is_read_and_chosen_before_it_is_signed(world: GatewayInProcess, visit: Visit) -> None:
    page = visit.page
    visit.enter()
    visit.at("sign")
    assert page.run("sessionStorage.length") == 1
    assert page.run("Object.keys(localStorage)") == [], "the proof of who one is ends with the tab"
    page.open(f"{visit.url}/me")
    visit.at("sign")

    notice = world.platform.identity.notice("en")
    assert visit.text("notice").split() == notice.text.split()
    assert notice.sha256 in page.run("document.getElementById('notice-id').textContent")
    assert page.run("document.querySelectorAll('#sign :checked:not(option)').length") == 0, (
        "nothing is ticked for anybody"
    )
    visit.sign()
    page.until("/Choose at least one/.test(document.getElementById('problem').innerText)")
    page.click("[name=purpose][value=photos]")
    page.click("#sign [type=submit]")
    visit.at("ready")
    ((_, release),) = world.platform.identity.releases.values()
    assert [purpose.value for purpose in release.purposes] == ["photos"]
    assert page.complaints == []


@pytest.mark.timeout(600)  # ten films of 8 s, where none is whole
def test_a_try_that_did_not_convince_is_told_in_plain_words(world: GatewayInProcess, visit: Visit) -> None:
    """Through the browser's own stand-in for a camera: a stream of 640 x 480."""
    page = visit.page
    visit.enter()
    visit.at("sign")
    visit.sign("photos", "train")
    visit.camera()
    assert "turn left, nod" in visit.text("asked")
    page.run(SEEN)
    # The first of ten that is whole: a machine that stalls while a page films takes frames from it, and a cue.
    for _ in range(10):
        frames = tried(world, visit)
        times, said = [frame.at_ms for frame in frames], list(dict.fromkeys(page.run("window.seen")))
        if even(times) and said == IN_ORDER:
            break
    visit.shoot("advice")
    assert "neck and shoulders" in visit.text("outcome")
    assert "2 tries are left" in visit.text("outcome")
    assert page.run("document.getElementById('start').innerText") == "Try again"
    assert even(times), times
    assert {Image.open(io.BytesIO(frame.jpeg)).size for frame in frames} == {(400, 300)}
    assert said == IN_ORDER, "one at a time, in the order asked for"
    assert page.run("window.colours") == ["rgb(0, 255, 0)"]

    page.click("#camera-off")
    assert page.run("document.getElementById('seen').srcObject.getTracks().every(t => t.readyState === 'ended')")
    assert page.complaints == []


def even(times_ms: Sequence[int]) -> bool:
    """Whether a film begins at once, goes on to its end, and has five frames a second."""
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(times_ms))
    lasting = 28 <= len(times_ms) <= 120 and times_ms[0] < 500 and times_ms[-1] > 7000
    return lasting and 150 <= gaps[len(gaps) // 2] <= 250


def tried(world: GatewayInProcess, visit: Visit) -> Sequence[Frame]:
    """The first of their tries, which does not convince; its frames. `seen` and `colours` are of this one alone."""
    page, identity = visit.page, world.platform.identity
    sent = len(identity.captures)
    identity.refusals = [("Sit back a little, so that your neck and shoulders can be seen.",)]
    for who, session in identity.sessions.values():
        identity.sessions[session.id] = who, replace(session, tries_left=3)
    page.run("document.getElementById('outcome').replaceChildren(), seen.length = colours.length = 0")
    page.click("#start")
    page.until("seen.includes('hold')", 60)
    visit.shoot("stage")
    page.until("/tries are left/.test(document.getElementById('outcome').innerText)", 60)
    [*_, frames] = identity.captures
    assert len(identity.captures) == sent + 1
    return frames


SEEN = """(() => {
  const stage = document.getElementById("stage");
  window.seen = []; window.colours = [];
  new MutationObserver(() => {
    if (stage.dataset.action && !stage.hidden) seen.push(stage.dataset.action);
    const colour = stage.style.backgroundColor;
    if (colour && !colours.includes(colour)) colours.push(colour);
  }).observe(stage, {attributes: true});
})()"""


def test_a_check_that_is_stopped_sends_nothing(world: GatewayInProcess, visit: Visit) -> None:
    page = visit.page
    visit.enter()
    visit.at("sign")
    visit.sign("photos")
    visit.camera()
    page.run("document.getElementById('start').focus()")
    page.press(" ", 32, " ")
    page.until("document.getElementById('stage').checkVisibility()")
    page.press("Escape", 27)
    page.until("document.getElementById('stage').hidden")
    assert "No try was used" in visit.text("outcome")
    assert world.platform.identity.captures == []
    assert page.run("!document.querySelector('main').inert")
    assert page.run("document.activeElement.id") == "start", "whoever uses the keyboard is back where they were"


def test_whoever_is_locked_out_learns_until_when(world: GatewayInProcess, visit: Visit) -> None:
    world.platform.identity.locked_out_s = 1800
    visit.enter()
    visit.at("sign")
    visit.sign("photos")
    visit.page.click("#safe")
    visit.page.click("#camera-on")
    visit.page.until("/too many failed captures/i.test(document.getElementById('problem').innerText)")
    assert "again at" in visit.text("problem")


def test_a_way_without_a_camera_where_there_is_one(world: GatewayInProcess, visit: Visit) -> None:
    page, reviews = visit.page, world.platform.reviews
    visit.enter()
    visit.at("sign")
    visit.sign("photos")
    visit.at("ready")
    page.click("#without summary")
    page.click("#ask-review")
    page.until("/not offered here/.test(document.getElementById('problem').innerText)")

    reviews.offered = True
    page.click("#ask-review")
    visit.at("waiting")
    assert "A person will look" in visit.text("standing")
    (review_id,) = reviews.owned
    kept = page.run("location.href")
    assert review_id in kept
    reviews.become(review_id, "allowed")
    world.platform.identity.allowed_reviews.add(review_id)
    page.open("about:blank#")
    page.open(kept)
    visit.at("waiting")
    page.click("#from-waiting")
    visit.at("done")
    (consent,) = world.platform.identity.consents_by_id.values()
    assert [purpose.value for purpose in consent.purposes] == ["photos"]


def test_what_was_given_is_taken_back_and_everything_erased(
    world: GatewayInProcess, visit: Visit, sign_up: Callable[..., object]
) -> None:
    page, identity = visit.page, world.platform.identity
    ada = sign_up("ada")
    consent_id = ada.opt_in(["photos", "train"])
    visit.enter(new=False)
    visit.at("given")
    card = str(page.run(f"document.querySelector('{ALREADY_GIVEN}').innerText"))
    assert "keep my photos, learn how I look." in card
    assert "Only me" in visit.text("level")
    page.run("window.saved = []; URL.createObjectURL = (blob) => { saved.push(blob); return 'blob:x'; }; 0")
    page.click(f"{ALREADY_GIVEN} button:not(.danger)")
    page.until("saved.length === 1")
    assert json.loads(page.run("saved[0].text()"))["jws"]
    page.click(f"{ALREADY_GIVEN} .danger")
    page.until("!!document.querySelector('#consents li.withdrawn')")
    assert identity.consents_by_id[consent_id].revoked_at is not None

    page.click("#erase")
    page.click("#sure-no")
    assert identity.erasures == {}
    page.click("#erase")
    page.click("#sure-yes")  # the browser asks for the password first
    assert identity.erasures == {}
    page.fill("#sure-how [name=password]", "another's password")
    page.click("#sure-yes")
    page.until("/password is wrong/.test(document.getElementById('sure-problem').innerText)")
    visit.shoot("sure")
    assert identity.erasures == {}
    page.fill("#sure-how [name=password]", PHRASE)
    page.click("#sure-yes")
    visit.at("erased")
    page.until("/Still clearing: ingest/.test(document.getElementById('erasing').innerText)")
    (erasure_id,) = identity.erasures
    identity.complete_erasure(erasure_id)
    page.until("/has been destroyed/.test(document.getElementById('erasing').innerText)")
    page.until("sessionStorage.length === 0")
    assert "photos: 3" in visit.text("erasing")


def test_signing_out_ends_the_sign_in_and_not_only_the_tabs_memory_of_it(
    visit: Visit, http: TestClient, sign_up: Callable[..., object], sign_in: Callable[..., object]
) -> None:
    page, ada = visit.page, sign_up("ada")
    ada.opt_in(["photos"])
    visit.enter(new=False)
    visit.at("given")
    page.until("document.querySelectorAll('#sign-ins li').length === 2")
    page.run("document.getElementById('sign-ins').scrollIntoView()")
    visit.shoot("sign-ins")
    page.click("#sign-ins li:not(.active) button")
    page.until("document.querySelectorAll('#sign-ins li').length === 1")
    assert ada.get("/v1/me").status_code == 401

    other = sign_in("ada")
    page.click("#password summary")
    page.fill("#change [name=password]", "another's password")
    page.fill("#change [name=wanted]", "a staple for my horse")
    page.click("#change [type=submit]")
    page.until("/password is wrong/.test(document.getElementById('problem').innerText)")
    assert other.get("/v1/me").status_code == 200
    page.run("document.querySelector('#change').reset()")
    page.fill("#change [name=password]", PHRASE)
    page.fill("#change [name=wanted]", "a staple for my horse")
    page.click("#change [type=submit]")
    page.until("/is changed/.test(document.getElementById('changed').innerText)")
    visit.shoot("changed")
    assert other.get("/v1/me").status_code == 401

    token = page.run("JSON.parse(sessionStorage.getItem('semblance-token')).token")
    page.click("#sign-out")
    visit.at("enter")
    assert page.run("sessionStorage.length") == 0
    assert http.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    away = sign_in("ada", "a staple for my horse")
    page.fill("[name=handle]", "ada")
    page.fill("#enter [name=password]", "a staple for my horse")
    page.press("Enter", 13, "\r")
    visit.at("given")
    page.click("#sign-out-all")
    visit.at("enter")
    assert "signed out" in visit.text("problem")
    assert away.get("/v1/me").status_code == 401


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_is_cut_off_at_a_telephones_width(visit: Visit, width_px: int) -> None:
    visit.page.sized(width_px, 844, phone=width_px < 500)
    visit.enter()
    visit.at("sign")
    assert visit.page.run("document.documentElement.scrollWidth") <= width_px
    unnamed = visit.page.run(
        "[...document.querySelectorAll('input, select, button')]"
        ".filter(e => !(e.labels?.length || e.innerText || e.textContent.trim() || e.ariaLabel)).map(e => e.outerHTML)"
    )
    assert unnamed == [], "every control says what it is"


def changed(visit: Visit, generation: FakeGeneration, image_id: str) -> None:
    """The one published picture is changed with the keyboard alone, and varied; what was made of it is gone again."""
    page = visit.page
    page.run("document.querySelector('#pictures .change').focus()")
    page.press("Enter", 13, "\r")
    page.until("document.getElementById('edit').open")
    visit.shoot("change")
    page.sized(390, 700, phone=True)
    page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    visit.shoot("change-phone-dark")
    page.command("Emulation.setEmulatedMedia", features=[])
    page.sized(1280, 800)
    assert page.run("document.activeElement.name") == "prompt"
    page.fill("#edit [name=prompt]", "something forbidden")
    page.run("document.querySelector('#edit [name=keep]').value = 'face'")
    page.press("Enter", 13, "\r")
    page.until("!!document.getElementById('edit-problem').innerText")
    assert page.run("document.getElementById('edit').open"), "the words are lost"
    visit.shoot("change-refused")
    page.run("document.querySelector('#edit [name=prompt]').value = ''")
    page.fill("#edit [name=prompt]", "in the snow")
    page.press("Enter", 13, "\r")
    page.until("document.querySelectorAll('#pictures li').length == 2")
    assert not page.run("document.getElementById('edit').open")
    assert page.run("document.activeElement.className") == "change", "whoever uses the keyboard is somewhere else"
    order = generation.orders[1]
    assert (order.prompt, order.edit) == ("in the snow", EditOrder(image_id, 0.6, "face"))
    generation.become(order.image_id, "removed")
    page.until("document.querySelectorAll('#pictures li').length == 1")
    page.click("#pictures .change")
    page.click("#edit-vary")
    page.until("document.querySelectorAll('#pictures li').length == 2")
    varied = generation.orders[2]
    assert varied.edit == EditOrder(image_id, 0.6, "nothing")
    generation.become(varied.image_id, "removed")


def pages_of_pictures(visit: Visit, generation: FakeGeneration, image_id: str) -> None:
    """The newest are shown, each with what became of it; a button brings the older ones."""
    page, (owner, image) = visit.page, generation.owned[image_id]
    for _ in range(24):
        again = replace(image, id=new_id(), state="blocked", reason_codes=("no-face", "not-known-yet"))
        generation.owned[again.id] = (owner, again)
    page.fill("#ask [name=prompt]", "in the rain")
    page.click("#ask [type=submit]")
    page.until("/Waiting/.test(document.querySelector('#pictures li')?.innerText)")
    assert page.run("document.querySelectorAll('#pictures li').length") == 20
    assert "filter: no face can be seen in it: say more of the person." in visit.text("pictures")
    assert "not-known-yet" not in visit.text("pictures")
    page.click("#pictures-more")
    page.until("document.querySelectorAll('#pictures li').length == 25")
    visit.shoot("older")
    assert page.run("document.getElementById('pictures-more').hidden"), "there are no older ones"


def test_photos_become_pictures_with_content_credentials(
    world: GatewayInProcess, visit: Visit, sign_up: Callable[..., object], tmp_path: Path
) -> None:
    page, platform = visit.page, world.platform
    ada = sign_up("ada")
    ada.opt_in()
    for k, kind in enumerate(("JPEG", "JPEG", "GIF")):
        Image.new("RGB", (64, 64), (k, 0, 0)).save(tmp_path / f"{k}.jpg", kind)
    visit.enter(new=False)
    visit.at("given")
    page.click("#to-pictures")
    visit.at("pictures")
    page.click("#ask [type=submit]")  # the browser asks for the words first
    root = page.command("DOM.getDocument")["root"]["nodeId"]
    node = page.command("DOM.querySelector", nodeId=root, selector="#photo-files")["nodeId"]
    page.command("DOM.setFileInputFiles", nodeId=node, files=[str(tmp_path / f"{k}.jpg") for k in range(3)])
    page.until("/2 being looked at/.test(document.getElementById('photo-count').innerText)")
    assert "2.jpg: This is not a picture" in visit.text("problem")
    for photo_id, (owner, photo, data) in platform.ingest.owned.items():
        platform.ingest.owned[photo_id] = (owner, replace(photo, state="accepted"), data)
    page.until("/2 used/.test(document.getElementById('photo-count').innerText)")

    page.click("#train")
    page.until("/Waiting/.test(document.getElementById('adapter').innerText)")
    (adapter_id,) = platform.training.owned
    platform.training.become(adapter_id, "ready")
    page.until("/Learnt/.test(document.getElementById('adapter').innerText)")
    page.fill("#ask [name=prompt]", "in a sunlit garden")
    page.click("#ask [type=submit]")
    page.until("/Waiting/.test(document.getElementById('pictures').innerText)")
    (image_id,) = platform.generation.owned
    assert platform.generation.orders[0].prompt == "in a sunlit garden"
    platform.generation.become(image_id, "published")
    page.until("/Content Credentials/.test(document.getElementById('pictures').innerText)")
    assert page.run("document.querySelector('#pictures img').src").startswith("blob:")
    changed(visit, platform.generation, image_id)
    page.until("document.querySelectorAll('#pictures li').length == 1")
    page.click("#pictures .danger")
    page.until("!document.querySelector('#pictures li')")
    assert platform.generation.owned[image_id][1].state == "removed"
    pages_of_pictures(visit, platform.generation, image_id)
