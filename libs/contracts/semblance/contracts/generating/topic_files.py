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
_OPTIONAL = {"passes_over"}
_CLEANUP = {"compact": True, "delete": False}


class TopicFileError(ValueError):
    """A topic's file breaks the format; the text names the file and the key."""


def read_all(folder: Path) -> list[Topic]:
    """Every topic in name order. Raises TopicFileError."""
    return [read(path) for path in sorted(folder.glob("*.yaml"))]


def read(path: Path) -> Topic:
    """One topic's file. Raises TopicFileError."""
    raw: dict[str, Any] = yaml.safe_load(path.read_text())
    if set(raw) - _OPTIONAL != _KEYS:
        raise TopicFileError(f"{path.name}: missing or unknown keys: {sorted((set(raw) - _OPTIONAL) ^ _KEYS)}")
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
        passes_over=_passes_over(raw, path),
    )


def _passes_over(raw: dict[str, Any], path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    full_names = {name.rsplit(".", 1)[1]: name for name in raw["messages"]}
    found = []
    for service, names in raw.get("passes_over", {}).items():
        if service not in raw["consumers"] or not set(names) <= set(full_names):
            raise TopicFileError(f"{path.name}: passes_over names no consumer or no message: {service}")
        found.append((service, tuple(full_names[name] for name in names)))
    return tuple(found)
