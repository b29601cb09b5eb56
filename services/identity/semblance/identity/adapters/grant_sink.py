"""Events about grants as protobuf messages: ids, numbers, codes and an app's registered name; nobody's own words."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from semblance.contracts.identity.v1 import events_pb2 as pb
from semblance.identity.domain.events import Answered, Asked, PictureRefused
from semblance.identity.domain.grant import Answer, Extent, Grant


def grant_message(event: Asked | Answered | PictureRefused) -> Message:
    """The message that carries this event."""
    ids = _ids(event.grant, event.grantee_name)
    match event:
        case Asked(grant):
            asked = grant.asked or Extent(0, 0)
            return pb.GrantAsked(
                **ids, consent_revision=1, pictures=asked.pictures, days=asked.days, uses=_codes(asked)
            )
        case Answered(grant):
            return _answered(grant, ids)
        case PictureRefused():
            return pb.PictureRefused(
                **ids,
                consent_revision=event.consent_revision,
                use=event.use.value if event.use else "",
                reason_code=event.reason_code,
            )


def _answered(grant: Grant, ids: dict[str, Any]) -> Message:
    allowed = grant.allowed or Extent(0, 0)
    return pb.GrantAnswered(
        **ids,
        consent_revision=1 if grant.answer is Answer.ALLOWED else 0,
        answer="allowed-by-level" if grant.by_level else grant.answer.value,
        asked_pictures=grant.asked.pictures if grant.asked else 0,
        pictures=allowed.pictures,
        days=allowed.days,
        uses=_codes(allowed),
    )


def _ids(grant: Grant, grantee_name: str) -> dict[str, Any]:
    return {
        "subject_id": grant.subject_id,
        "consent_id": grant.id,
        "grantee_id": grant.grantee_id,
        "grantee_name": grantee_name,
    }


def _codes(extent: Extent) -> list[str]:
    return [use.value for use in extent.uses]
