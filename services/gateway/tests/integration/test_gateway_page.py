"""The public page in a real browser. Without a Chromium on the machine these are skipped, and say so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from semblance.gateway.domain.provenance import Verification
from semblance.gateway.testing import GatewayInProcess, browser

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(browser.chromium() is None, reason="no Chromium here: apt-get install chromium"),
]
WITHDRAWN = Verification(
    state="None",
    made_here=True,
    development_signer=False,
    manifest_id="urn:c2pa:1",
    consent_state="withdrawn",
    signed_at=dt.datetime(2030, 5, 3, tzinfo=dt.UTC),
    failures=(),
    found_by="watermark",
    confidence_0_1=1.0,
    consent_at=dt.datetime(2030, 5, 4, tzinfo=dt.UTC),
    picture_state="published",
    headline="Made by AI here: an invisible mark in its pixels says so.",
    sentences=("The person in it had agreed and took the consent back on 4 May 2030.", "<b>No markup</b>."),
)


@pytest.fixture
def page(world: GatewayInProcess, tmp_path: Path) -> Iterator[browser.Page]:
    with browser.served(world.app) as url, browser.browsing(tmp_path) as opened:
        opened.sized(900, 1200)
        opened.open(f"{url}/verify")
        yield opened


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "seen.jpg"
    Image.linear_gradient("L").convert("RGB").save(file, "JPEG")
    return file


def choose(page: browser.Page, file: Path) -> None:
    """As a person does in the dialog."""
    root = page.command("DOM.getDocument")["root"]["nodeId"]
    node = page.command("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.command("DOM.setFileInputFiles", nodeId=node, files=[str(file)])


def text(page: browser.Page, element: str) -> str:
    return str(page.run(f"document.getElementById('{element}').innerText"))


def test_a_picture_that_is_chosen_is_told_about_in_plain_words(
    world: GatewayInProcess, page: browser.Page, picture: Path, tmp_path: Path
) -> None:
    world.platform.provenance.answer = WITHDRAWN
    choose(page, picture)
    page.until("!document.getElementById('answer').hidden")
    assert text(page, "verdict") == WITHDRAWN.headline
    assert WITHDRAWN.sentences[0] in text(page, "sentences")
    assert "<b>No markup</b>" in text(page, "sentences"), "words are shown as words"
    assert "withdrawn (on 4 May 2030)" in text(page, "facts")
    assert page.run("document.getElementById('answer').className") == "ended"
    assert page.run("document.getElementById('preview').naturalWidth") == 256, "the policy lets it show the picture"
    assert page.complaints == []
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_a_mark_that_may_be_copied_is_not_called_certain(
    world: GatewayInProcess, page: browser.Page, picture: Path
) -> None:
    stands = replace(WITHDRAWN, consent_state="active")
    for unsure, colour in ((False, "stands"), (True, "made")):
        world.platform.provenance.answer = replace(stands, unsure=unsure, headline=f"unsure: {unsure}")
        choose(page, picture.rename(picture.with_stem(f"seen-{unsure}")) if unsure else picture)
        page.until(f"document.getElementById('verdict').textContent === 'unsure: {unsure}'")
        assert ("certain" in text(page, "facts")) == (not unsure)
        assert page.run("document.getElementById('answer').className") == colour


def test_a_picture_can_be_dropped_and_the_answer_follows_the_last_one(
    world: GatewayInProcess, page: browser.Page
) -> None:
    world.platform.provenance.answer = replace(
        WITHDRAWN, made_here=False, found_by="", consent_state="unknown", headline="Nothing is known."
    )
    page.run(
        """(() => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array([255, 216, 255])], "x.jpg", {type: "image/jpeg"}));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true}));
        })()"""
    )
    page.until("!document.getElementById('answer').hidden")
    assert text(page, "verdict") == "Nothing is known."
    assert page.run("document.getElementById('answer').className") == ""


def test_a_file_that_is_no_picture_is_said_to_be_none(page: browser.Page, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no picture")
    choose(page, file)
    page.until("!document.getElementById('problem').hidden")
    assert "Send the Content-Type" in text(page, "problem") or "Unsupported" in text(page, "problem")
    assert page.run("document.getElementById('answer').hidden")


def test_anybody_can_ask_for_a_picture_to_go_and_see_how_that_stands(
    world: GatewayInProcess, page: browser.Page, picture: Path, tmp_path: Path
) -> None:
    page.click("a[href='/takedown']")
    page.until("!!document.getElementById('statement')?.textContent")
    page.picture(tmp_path / "form.png")
    page.click("#notice button")
    assert "Choose the picture" in text(page, "problem")
    page.fill("#image", "https://example.org/me.jpg")
    page.fill("#signed_name", "Ada Example")
    page.fill("#contact", "ada@example.org")
    page.click("#notice button")
    assert "Confirm the statement" in text(page, "problem")
    page.click("#confirmed")
    page.click("#notice button")
    page.until("!document.getElementById('receipt').hidden")
    page.picture(tmp_path / "receipt.png")
    reference = text(page, "reference")
    (kept,) = world.platform.takedowns.notices.values()
    assert (kept.signed_name, kept.image, kept.relation) == ("Ada Example", "https://example.org/me.jpg", "self")
    assert "a person will search for it" in text(page, "about")

    world.platform.takedowns.become(reference, "accepted")
    page.fill("#asked", reference)
    page.click("#status button")
    page.until("document.getElementById('told').textContent.startsWith('Accepted')")
    assert page.complaints == []
