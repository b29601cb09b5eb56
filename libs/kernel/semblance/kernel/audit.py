"""A person's audit log: one entry an event, each holding the hash of the one before.

The log's keeper and whoever checks it use this one encoding: RFC 8785 (JSON Canonicalization Scheme). Facts are ASCII
texts, whole numbers below 2^53 and lists of texts, and for those sorted keys without spaces are the whole scheme.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from semblance.kernel.errors import Conflict

FORMAT: Final = "semblance-audit-v1"
FIRST: Final = "0" * 64
FACTS_MAX: Final = 24
_INTEGER_MAX: Final = 2**53 - 1
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Ids, digests, codes, times: no space, so no sentence of anybody's gets in.
_TEXT = re.compile(r"[!-~]{0,200}")
Fact = str | int | tuple[str, ...]


class ChainBroken(Conflict):
    """An entry was changed, removed, put elsewhere or is somebody else's. `sequence` is the first that does not fit."""

    code = "audit-chain-broken"

    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(f"entry {sequence}: {what}", remedy="Compare with an older copy or head of this log.")
        self.sequence = sequence


@dataclass(frozen=True)
class Happened:
    """What an event said about a person. `at` is the event's time, not the log's."""

    subject_id: str
    event_id: str
    event_type: str
    at: dt.datetime
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for what must not be in a log."""
        if len(self.facts) > FACTS_MAX or self.at.tzinfo is None:
            raise ValueError("an entry has few facts, and a time with a zone")
        for text in (self.subject_id, self.event_id, self.event_type):
            _require_text(text)
        for name, value in self.facts.items():
            _require_fact(name, value)


@dataclass(frozen=True)
class Head:
    """How long a log is and the hash of its last entry: all that is needed to see whether it was rewritten."""

    count: int = 0
    hash: str = FIRST


@dataclass(frozen=True)
class Entry:
    """One link. `hash` covers everything else here."""

    happened: Happened
    sequence: int
    previous: str
    hash: str

    @property
    def head(self) -> Head:
        """The log's head once this is its last entry."""
        return Head(self.sequence, self.hash)


def chained(head: Head, happened: Happened) -> Entry:
    """The entry that follows `head`."""
    sequence = head.count + 1
    return Entry(happened, sequence, head.hash, digest(happened, sequence, head.hash))


def digest(happened: Happened, sequence: int, previous: str) -> str:
    """SHA-256 over the canonical encoding, as hex."""
    return hashlib.sha256(canonical(happened, sequence, previous)).hexdigest()


def canonical(happened: Happened, sequence: int, previous: str) -> bytes:
    """The bytes that are hashed."""
    content: dict[str, Any] = {
        "at": instant_text(happened.at),
        "event_id": happened.event_id,
        "event_type": happened.event_type,
        "facts": dict(happened.facts),
        "format": FORMAT,
        "previous": previous,
        "sequence": sequence,
        "subject_id": happened.subject_id,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def instant_text(at: dt.datetime) -> str:
    """RFC 3339 in UTC, always with microseconds."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def check_chain(entries: Iterable[Entry], subject_id: str, start: Head | None = None) -> Head:
    """Recompute every link after `start` (the beginning unless told); the head. Raises ChainBroken."""
    head = start or Head()
    for entry in entries:
        expected = head.count + 1
        if entry.happened.subject_id != subject_id:
            raise ChainBroken(expected, "it is about another person")
        if entry.sequence != expected:
            raise ChainBroken(expected, f"it is missing, number {entry.sequence} stands in its place")
        if entry.previous != head.hash:
            raise ChainBroken(expected, "it does not follow the entry before it")
        if digest(entry.happened, entry.sequence, entry.previous) != entry.hash:
            raise ChainBroken(expected, "its content was changed")
        head = entry.head
    return head


def _require_text(text: str) -> None:
    if not _TEXT.fullmatch(text):
        raise ValueError("a text of the log is printable ASCII without spaces, at most 200 characters")


def _require_fact(name: str, value: Fact) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} does not name a fact")
    if isinstance(value, bool) or not isinstance(value, (str, int, tuple)):
        raise ValueError(f"{name} is no text, whole number or list of texts")
    if isinstance(value, int):
        if abs(value) > _INTEGER_MAX:
            raise ValueError(f"{name} is too large for RFC 8785")
        return
    for text in (value,) if isinstance(value, str) else value:
        if not isinstance(text, str):
            raise ValueError(f"{name} is no list of texts")
        _require_text(text)
