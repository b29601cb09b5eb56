"""How far a person lets others go: a level for everybody, and limits in the person's own words."""

from __future__ import annotations

import datetime as dt
import enum
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from semblance.identity.domain.errors import InvalidGrant
from semblance.kernel.ids import SubjectId

APP_NAME_CHARACTERS: Final = 60
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


class Level(enum.Enum):
    """Each allows what the one before does. ONLY_ME is where everybody begins."""

    ONLY_ME = "only_me"
    PEOPLE = "people"
    APPS = "apps"
    EVERYONE = "everyone"

    def narrower_than(self, other: Level) -> bool:
        """Whether it allows less."""
        order = list(Level)
        return order.index(self) < order.index(other)

    def allows(self, *, is_app: bool, approved: bool) -> bool:
        """Whether a grant works at this level. `approved`: the person said yes to this one grantee."""
        if self is Level.EVERYONE:
            return True
        return approved and (self is Level.APPS or (self is Level.PEOPLE and not is_app))


@dataclass(frozen=True)
class SharingRules:
    """Every number that an operator may set. Counts of rows, characters and days."""

    purpose_characters: int
    limits: int
    limit_characters: int
    pictures: int
    open_asks: int
    open_asks_to_one: int
    standing_grants: int
    ask_days: int
    ask_again_days: int


@dataclass(frozen=True)
class Sharing:
    """A person's setting. `review` and `pictures` are for grants that the level EVERYONE gives by itself."""

    subject_id: SubjectId
    level: Level = Level.ONLY_ME
    review: bool = True
    pictures: int = 10
    sealed_limits: bytes = field(default=b"", repr=False)
    set_at: dt.datetime | None = None
    """When it was last said; None: never."""


@dataclass(frozen=True)
class App:
    """An account that an operator knows to be an app's; the name is shown to people."""

    subject_id: SubjectId
    name: str
    verified_at: dt.datetime


def parse_app_name(text: str) -> str:
    """The name in its plain characters. People go by it, so it is of one alphabet: letters of another that look alike
    would make it somebody else's. Raises InvalidGrant."""
    name = unicodedata.normalize("NFKC", text).strip()
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()}
    if len(alphabets & _ALIKE) > 1:
        raise InvalidGrant("an app's name mixes alphabets whose letters look alike", code="invalid-app")
    if not 1 <= len(name) <= APP_NAME_CHARACTERS or not name.isprintable():
        raise InvalidGrant(f"an app's name has 1 to {APP_NAME_CHARACTERS} printable characters", code="invalid-app")
    return name


def parse_level(text: str) -> Level:
    """Raises InvalidGrant."""
    try:
        return Level(text)
    except ValueError as e:
        words = ", ".join(level.value for level in Level)
        raise InvalidGrant(f"a level is one of: {words}", code="invalid-level") from e


def parse_words(texts: tuple[str, ...], rules: SharingRules, what: str) -> tuple[str, ...]:
    """Short texts of a person, trimmed. Raises InvalidGrant for too many, too long, or unprintable ones."""
    trimmed = tuple(text.strip() for text in texts)
    if len(trimmed) > rules.limits:
        raise InvalidGrant(f"there may be at most {rules.limits} {what}")
    if not all(1 <= len(text) <= rules.limit_characters and text.isprintable() for text in trimmed):
        raise InvalidGrant(f"each of the {what} has 1 to {rules.limit_characters} printable characters")
    return trimmed


def parse_count(pictures: int, rules: SharingRules) -> int:
    """Raises InvalidGrant."""
    if not 1 <= pictures <= rules.pictures:
        raise InvalidGrant(f"a grant covers 1 to {rules.pictures} pictures")
    return pictures
