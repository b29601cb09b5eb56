"""Protected faces, and reviews instead of a capture."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field

from semblance.gateway.api.schemas.model import EXAMPLE_ID, Answered, Asked, Id, example


class ProtectedFace(Answered):
    """An entry as it is told once, to whoever made it."""

    id: str
    state: Annotated[str, Field(description='"accepted", for every face.')]
    removal_code: Annotated[str, Field(description="Keep it: it is shown once, and it alone removes the entry.")]


class NewIdentityReview(Asked):
    model_config = ConfigDict(json_schema_extra=example(release_id=EXAMPLE_ID))

    release_id: Id


class IdentityReview(Answered):
    """A review that was asked for instead of a capture."""

    id: str
    state: Annotated[str, Field(description="open, allowed or refused.")]
    requested_at: dt.datetime
    usable_until: Annotated[dt.datetime | None, Field(description="Grant the consent before; null unless allowed.")]
    advice: Annotated[str, Field(description="What to do next.")]
