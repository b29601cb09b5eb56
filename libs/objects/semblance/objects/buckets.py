"""The platform's buckets. What is sealed in a bucket is sealed for the purpose of the same name."""

from __future__ import annotations

INCOMING = "incoming"
PHOTOS = "photos"
TEMPLATES = "templates"
ADAPTERS = "adapters"
QUARANTINE = "quarantine"
PUBLISHED = "published"

ALL_BUCKETS = (INCOMING, PHOTOS, TEMPLATES, ADAPTERS, QUARANTINE, PUBLISHED)
