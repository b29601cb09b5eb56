"""The notice that ships with the package."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from semblance.identity.domain.release import Notice

VERSION = "2026-11-25b"
LANGUAGE = "en"


def current_notice() -> Notice:
    """The current notice. A new text is a new file and a new version; old releases keep the digest they signed."""
    return _read(VERSION)


@cache
def notice_of(version: str) -> Notice | None:
    """A notice by its version. None: no such version ships with this package."""
    return _read(version) if version in _versions() else None


def _versions() -> set[str]:
    ending = f".{LANGUAGE}.txt"
    names = (file.name for file in resources.files("semblance.identity").joinpath("notices").iterdir())
    return {name.removesuffix(ending) for name in names if name.endswith(ending)}


def _read(version: str) -> Notice:
    text = resources.files("semblance.identity").joinpath("notices", f"{version}.{LANGUAGE}.txt").read_text("utf-8")
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Notice(version=version, language=LANGUAGE, text=text, sha256=digest)
