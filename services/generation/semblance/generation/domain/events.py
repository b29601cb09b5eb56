"""What generation tells the others, past tense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.generation.domain.image import Image
from semblance.kernel.destroyed import Destroyed


@dataclass(frozen=True)
class Requested:
    """A picture was queued. `requester_name` is a verified app's at this moment."""

    image: Image
    requester_name: str = ""


@dataclass(frozen=True)
class Rendered:
    """Its pixels lie in quarantine."""

    image: Image


@dataclass(frozen=True)
class Ended:
    """An image reached FAILED, REVOKED or REMOVED; the state says which event it is."""

    image: Image


@dataclass(frozen=True)
class Progressed:
    """A tick."""

    image: Image
    step: int
    steps: int


@dataclass(frozen=True)
class Erased:
    """Everything held of a person is gone, by store."""

    subject_id: str
    erasure_id: str
    stores: Sequence[Destroyed]


Event = Requested | Rendered | Ended | Progressed | Erased
