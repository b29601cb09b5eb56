"""The audit log."""

from __future__ import annotations

import datetime as dt

from pydantic import ConfigDict

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_ID_2, EXAMPLE_TIME, Answered, example

_EXAMPLE_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class AuditEntry(Answered):
    """One link: `hash` covers the rest (RFC 8785, SHA-256), and `previous` is the hash of the entry before.

    `at` is when it happened, by the event `event_id`; `facts` are ids, numbers and codes.
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            sequence=7,
            event_id=EXAMPLE_ID,
            event_type="semblance.contracts.generation.v1.ImageRequested",
            at=EXAMPLE_TIME,
            facts={"consent_id": EXAMPLE_ID_2, "consent_revision": 1, "image_id": EXAMPLE_ID},
            previous=_EXAMPLE_HASH,
            hash=_EXAMPLE_HASH,
        )
    )

    sequence: int
    event_id: str
    event_type: str
    at: dt.datetime
    facts: dict[str, str | int | list[str]]
    previous: str
    hash: str


class AuditHead(Answered):
    """A checkpoint: keep it, and a log that is cut or rewritten later no longer fits. `jws` is signed (RFC 7515)."""

    model_config = ConfigDict(
        json_schema_extra=example(count=7, hash=_EXAMPLE_HASH, jws="eyJhbGciOiJFZERTQSJ9.e30.c2ln")
    )

    count: int
    hash: str
    jws: str
