"""Asking for a picture to go; needs no account."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field

from semblance.client.calls import SLOW_S, Calls
from semblance.client.files import file_part
from semblance.client.models import Model


class TakedownStatement(Model):
    """What whoever asks signs with their name; its `version` goes with the notice."""

    version: str
    text: str


class Takedown(Model):
    """How a notice stands: open, accepted or refused. `pictures`: how many published ones it is about; 0: a person has
    to search. `reference` is told once, and is the only way to ask again."""

    reference: str = Field(repr=False)
    state: str
    received_at: dt.datetime
    due_at: dt.datetime
    decided_at: dt.datetime | None = None
    pictures: int = 0
    hidden: bool = False


class TakedownCalls(Calls):
    """Part of Client."""

    def takedown_statement(self) -> TakedownStatement:
        """What has to be confirmed."""
        return self._get(TakedownStatement, "/v1/takedown-statement")

    def request_takedown(
        self,
        picture: Path | bytes | str,
        *,
        signed_name: str,
        contact: str,
        statement_version: str,
        relation: str = "self",
        reason: str = "",
    ) -> Takedown:
        """Ask for a picture to go, given the file, or as text a link, an image id or a manifest id.

        It confirms the statement of that version in the name of `signed_name`. `relation`: self, guardian or
        representative. Not repeated by itself: each is a notice of its own.
        """
        said = {
            "signed_name": signed_name,
            "contact": contact,
            "relation": relation,
            "statement_version": statement_version,
            "confirmed": "true",
            "reason": reason,
        }
        if isinstance(picture, str):
            files: dict[str, tuple[str | None, str | bytes, str]] = {"image": (None, picture, "text/plain")}
        else:
            files = {"picture": ("picture", *file_part(picture))}
        response = self._transport.call("POST", "/v1/takedowns", repeat=False, data=said, files=files, timeout=SLOW_S)
        return Takedown.model_validate_json(response.content)

    def takedown(self, reference: str) -> Takedown:
        """How a notice stands."""
        return self._get(Takedown, f"/v1/takedowns/{reference}")
