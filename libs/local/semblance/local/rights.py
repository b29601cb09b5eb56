"""Who there is, and what each may touch at the store: the least that its work needs."""

from __future__ import annotations

from collections.abc import Mapping

from semblance.objects.buckets import ADAPTERS, INCOMING, PHOTOS, PUBLISHED, QUARANTINE, TEMPLATES

SERVICES = ("identity", "ingest", "safety", "provenance", "training", "generation", "gateway")
BROKER_BUCKET = "broker"
_ALL = ("Read", "Write", "List")

# SeaweedFS has no right of its own for deleting: Write holds it, and removing every version needs List.
RIGHTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "identity": {TEMPLATES: _ALL},
    "ingest": {INCOMING: _ALL, PHOTOS: _ALL},
    "training": {PHOTOS: ("Read",), ADAPTERS: _ALL},
    "generation": {ADAPTERS: ("Read",), QUARANTINE: ("Write", "List")},
    "safety": {QUARANTINE: _ALL},
    "provenance": {QUARANTINE: _ALL, PUBLISHED: _ALL},
    "gateway": {},
    "broker": {BROKER_BUCKET: (*_ALL, "Tagging")},
}


def actions(name: str) -> tuple[str, ...]:
    """The rights of a service in SeaweedFS's words."""
    return tuple(f"{right}:{bucket}" for bucket, rights in RIGHTS[name].items() for right in rights)
