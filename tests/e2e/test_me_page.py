"""The person's page in a real browser before the whole platform: the real liveness check, by frames that the page took.

The camera films a person who does not exist, who sees what the page shows: person_before_screen.js. Its light is the
page's colour at that moment, its movements what the page asks for. So a page that shows the wrong colours, asks in the
wrong order, mirrors its frames or tells their times wrongly fails here as it would before a person."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.gateway.testing import browser
from semblance.local.testing.house import House
from semblance.synthetic_people import bundled

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.skipif(browser.chromium() is None, reason="no Chromium here: apt-get install chromium"),
]
WHO = "cleo"  # nobody else on this platform: a face that is enrolled already goes to an operator
PASSWORD = secrets.token_urlsafe(24)
# As a person has; then the page lets them begin another check. One in ten first tries failed: where somebody sits
# still and the same colours come back, frames can look repeated to the service (domain/integrity.py).
TRIES = 3
ENDED = "!document.querySelector('[data-step=waiting]').hidden"
# The service takes no film with a gap of a second, and a machine that does much else makes one: a try begins when the
# camera's pictures have come evenly for three seconds; after 40 s whatever they do.
EVEN = """new Promise((done) => {
  const video = document.getElementById("seen"), began = performance.now();
  let last = began, since = began;
  video.requestVideoFrameCallback(function came(now) {
    if (now - last > 200) since = now;
    last = now;
    if (now - since > 3000 || now - began > 40000) done(now - since);
    else video.requestVideoFrameCallback(came);
  });
})"""
DONE = "!document.querySelector('[data-step=done]').hidden"
# As the page's style tells its colours, the six of the service; the first is a dark screen.
LIGHTS = {"": (0.0, 0.0, 0.0)} | {
    f"rgb({255 * red}, {255 * green}, {255 * blue})": (float(red), float(green), float(blue))
    for red, green, blue in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1))
}


def film() -> dict[str, list[dict[str, str]]]:
    """Every moment of the bundled capture in every colour."""
    return {
        style: [
            {"action": frame.action, "jpeg": base64.b64encode(frame.jpeg).decode()}
            for frame in bundled.filmed(WHO, ("turn_left", "turn_right", "nod"), lambda _at_ms, light=light: light)
        ]
        for style, light in LIGHTS.items()
    }


def tried(page: browser.Page) -> str:
    """Once before the camera; what the page says then."""
    page.run(EVEN)
    page.run("document.getElementById('outcome').replaceChildren()")
    page.click("#start")
    page.until("document.getElementById('stage').checkVisibility()")
    advised = "/left|Try|answer/.test(document.getElementById('outcome').innerText)"
    page.until(f"{DONE} || {ENDED} || ({advised})", 120)
    return str(page.run("document.getElementById('outcome').innerText"))


def checked(page: browser.Page) -> list[str]:
    """From the signature to the end of a check; what the page said after each try."""
    page.until("!document.querySelector('[data-step=sign]').hidden")
    for purpose in ("photos", "train", "generate"):
        page.click(f"[name=purpose][value={purpose}]")
    page.fill("#sign [name=name]", "Cleo Example")
    page.click("#sign [name=adult]")
    page.click("#sign [type=submit]")
    page.click("#safe")
    page.click("#camera-on")
    return [tried(page) for _ in range(TRIES) if page.run(f"!({DONE} || {ENDED})")]


@pytest.fixture
def page(house: House, tmp_path: Path) -> Iterator[browser.Page]:
    with browser.browsing(tmp_path) as opened:
        opened.before_load(Path(__file__).with_name("person_before_screen.js").read_text())
        opened.sized(1280, 800)
        opened.open(f"{house.url}/me")
        opened.until("!document.querySelector('[data-step=enter]').hidden")
        yield opened


def test_a_person_opts_in_before_the_page_and_takes_it_all_back(page: browser.Page) -> None:
    page.run(f"personSitsDown({json.dumps(film())})")
    page.click("[name=how][value=new]")
    page.fill("[name=handle]", f"page-{secrets.token_hex(6)}")
    page.fill("[name=password]", PASSWORD)
    page.click("#enter [type=submit]")
    advice = checked(page)
    if page.run(ENDED):
        page.click("#from-waiting")
        advice += checked(page)
    assert page.run(DONE), advice

    page.click("#see-given")
    page.click("#consents li.active .danger")
    page.until("!!document.querySelector('#consents li.withdrawn')", 30)
    page.click("#log summary")
    page.until("/Consent revoked/.test(document.getElementById('entries').innerText)", 30)
    page.click("#erase")
    page.fill("#sure-how [name=password]", PASSWORD)
    page.click("#sure-yes")
    page.until("/has been destroyed/.test(document.getElementById('erasing').innerText)", 60)
    assert page.complaints == []
