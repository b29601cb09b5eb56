"""A verified app's name in an audit log, whose facts are printable ASCII without spaces: percent-encoded UTF-8."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

CHARACTERS_MAX: Final = 60
ENCODED_MAX: Final = 200


def plain_name(text: str) -> str:
    """Without control, format and line characters, trimmed, and at most 60 characters."""
    kept = "".join(character for character in text if character.isprintable())
    return " ".join(kept.split())[:CHARACTERS_MAX].strip()


def logged_name(text: str) -> str:
    """As an entry holds it; a name that is too long when encoded loses its end, never a part of a character."""
    encoded = ""
    for character in plain_name(text):
        part = quote(character, safe="", errors="replace")
        if len(encoded) + len(part) > ENCODED_MAX:
            break
        encoded += part
    return encoded


def spoken_name(encoded: str) -> str:
    """As people read it; whatever the log's keeper wrote, no control character comes out of it."""
    return plain_name(unquote(encoded, errors="replace"))
