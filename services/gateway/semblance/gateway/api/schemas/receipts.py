"""Receipts of consents, and the list beside an erasure's."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ConfigDict

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_TIME, Answered, example
from semblance.gateway.domain import things

_EXAMPLE_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ConsentReceipt(Answered):
    """`receipt` is shaped by ISO/IEC TS 27560:2023; `jws` is the same signed (RFC 7515). `pii_principal_salt` is yours:
    whoever is shown it with the receipt sees whom the receipt is about."""

    model_config = ConfigDict(
        json_schema_extra=example(
            receipt={"record_id": EXAMPLE_ID, "events": [{"event_time": EXAMPLE_TIME, "event_state": "consent given"}]},
            jws="eyJhbGciOiJFZERTQSJ9.e30.c2ln",
            pii_principal_salt="5f0c1d7a",
        )
    )

    receipt: dict[str, Any]
    jws: str
    pii_principal_salt: str

    @classmethod
    def of_export(cls, value: things.ConsentReceipt) -> ConsentReceipt:
        """As the file that a person keeps."""
        return cls(
            receipt=json.loads(value.receipt_json), jws=value.receipt_jws, pii_principal_salt=value.principal_salt
        )


class ErasedList(Answered):
    """`items`: salted SHA-256 of the identifier of each thing; `items_root` instead, when there were too many."""

    service: str
    store: str
    count: int
    destroyed_at: str
    items: list[str]
    items_root: str


class ErasedItems(Answered):
    """The leaves of the Merkle tree (RFC 9162) whose root the receipt signs. `salt` is yours: with it, whoever knows an
    id sees whether it is in the list."""

    model_config = ConfigDict(
        json_schema_extra=example(
            erasure_id=EXAMPLE_ID,
            salt="5f0c1d7a",
            stores=[
                {
                    "service": "ingest",
                    "store": "objects:photos",
                    "count": 1,
                    "destroyed_at": EXAMPLE_TIME,
                    "items": [_EXAMPLE_DIGEST],
                    "items_root": "",
                }
            ],
        )
    )

    erasure_id: str
    salt: str
    stores: list[ErasedList]
