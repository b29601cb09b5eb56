"""Reading protos/topics/*.yaml, strictly: a misspelt key is an error, not a default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from semblance.contracts.topic import Topic

_KEYS = {
    "topic",
    "description",
    "owner",
    "key",
    "partitions",
    "retention_hours",
    "cleanup",
    "classification",
    "producers",
    "consumers",
    "messages",
    "dead_letters",
}
_CLEANUP = {"compact": True, "delete": False}


class TopicFileError(ValueError):
    """A topic's file breaks the format; the text names the file and the key."""


def read_all(folder: Path) -> list[Topic]:
    """Every topic in name order. Raises TopicFileError."""
    return [read(path) for path in sorted(folder.glob("*.yaml"))]


def read(path: Path) -> Topic:
    """One topic's file. Raises TopicFileError."""
    raw: dict[str, Any] = yaml.safe_load(path.read_text())
    if set(raw) != _KEYS:
        raise TopicFileError(f"{path.name}: missing or unknown keys: {sorted(set(raw) ^ _KEYS)}")
    if raw["topic"] != path.stem:
        raise TopicFileError(f"{path.name}: names the topic {raw['topic']}")
    if raw["cleanup"] not in _CLEANUP:
        raise TopicFileError(f"{path.name}: cleanup must be one of {sorted(_CLEANUP)}")
    return Topic(
        name=raw["topic"],
        owner=raw["owner"],
        key=raw["key"],
        partitions=int(raw["partitions"]),
        retention_hours=int(raw["retention_hours"]),
        compacted=_CLEANUP[raw["cleanup"]],
        producers=tuple(raw["producers"]),
        consumers=tuple(raw["consumers"]),
        messages=tuple(raw["messages"]),
        dead_letters=bool(raw["dead_letters"]),
        description=raw["description"],
    )
