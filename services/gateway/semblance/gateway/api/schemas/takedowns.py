"""Take-down notices."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from semblance.gateway.api.schemas.model import EXAMPLE_TIME, Answered, example

_REFERENCE = "a-reference-that-you-keep"
StateWord = Literal["open", "accepted", "refused"]


class TakedownStatement(Answered):
    """What whoever asks confirms; send its `version` with the notice."""

    model_config = ConfigDict(json_schema_extra=example(version="2026-11", text="I am the person in this picture ..."))

    version: str
    text: str


class Takedown(Answered):
    """How a notice stands. It says nothing of who is in the picture or who asked for it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            reference=_REFERENCE,
            state="open",
            received_at=EXAMPLE_TIME,
            due_at="2030-01-03T12:00:00Z",
            decided_at=None,
            pictures=1,
            hidden=False,
        )
    )

    reference: Annotated[str, Field(description="Keep it: it is told once, and the only way to ask.")]
    state: StateWord
    received_at: dt.datetime
    due_at: Annotated[dt.datetime, Field(description="An operator decides before.")]
    decided_at: dt.datetime | None
    pictures: Annotated[int, Field(description="Published pictures that it is about; 0: a person has to search.")]
    hidden: Annotated[bool, Field(description="Nobody can fetch them here while it is decided.")]
