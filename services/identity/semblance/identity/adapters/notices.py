"""The notice that ships with the package."""

from __future__ import annotations

import hashlib
from importlib import resources

from semblance.identity.domain.release import Notice

VERSION = "2026-11-25"
LANGUAGE = "en"


def current_notice() -> Notice:
    """The current notice. A new text is a new file and a new version; old releases keep the digest they signed."""
    text = resources.files("semblance.identity").joinpath("notices", f"{VERSION}.{LANGUAGE}.txt").read_text("utf-8")
    return Notice(
        version=VERSION, language=LANGUAGE, text=text, sha256=hashlib.sha256(text.encode("utf-8")).hexdigest()
    )
