"""Somebody on the person's page, step by step, in a browser."""

from __future__ import annotations

import os
from pathlib import Path

from semblance.gateway.testing import browser

PHRASE = "correct horse battery"
"""Everybody's password."""
_SHOTS = os.environ.get("SEMBLANCE_SCREENSHOTS")  # a folder, for whoever wants to look


class Visit:
    """Somebody on the page."""

    def __init__(self, page: browser.Page, url: str) -> None:
        self.page = page
        self.url = url

    def at(self, step: str) -> None:
        """Wait until this step is shown, alone, with its heading focused for those who hear the page."""
        self.page.until(f"!document.querySelector('[data-step={step}]').hidden")
        shown = self.page.run(
            "[...document.querySelectorAll('section[data-step]')].filter(s => !s.hidden).map(s => s.dataset.step)"
        )
        assert shown == [step]
        assert self.page.run("document.activeElement.closest('section')?.dataset.step") == step

    def enter(self, handle: str = "ada", *, new: bool = True) -> None:
        if new:
            self.page.click("[name=how][value=new]")
        self.page.fill("[name=handle]", handle)
        self.page.fill("[name=password]", PHRASE)
        self.page.press("Enter", 13, "\r")

    def sign(self, *purposes: str) -> None:
        for purpose in purposes:
            self.page.click(f"[name=purpose][value={purpose}]")
        self.page.fill("#sign [name=name]", "Ada Example")
        self.page.click("#sign [name=adult]")
        self.page.click("#sign [type=submit]")

    def camera(self) -> None:
        self.at("ready")
        assert self.page.run("document.getElementById('camera-on').disabled"), "the warning comes first"
        self.page.click("#safe")
        self.page.click("#camera-on")
        self.page.until("document.getElementById('camera').checkVisibility()")

    def text(self, element: str) -> str:
        return str(self.page.run(f"document.getElementById('{element}').innerText"))

    def shoot(self, name: str) -> None:
        if _SHOTS:
            self.page.picture(Path(_SHOTS) / f"{name}.png", whole=False)
