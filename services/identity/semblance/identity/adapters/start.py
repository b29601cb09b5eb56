"""A look at what a change of the face model left behind, before anything is answered."""

from __future__ import annotations

import logging

from semblance.identity.handlers.left_behind import left_behind
from semblance.identity.ports import Ports
from semblance.service_kit.database import DatabaseUnavailable

log = logging.getLogger(__name__)


def look_at_face_models(ports: Ports) -> None:
    """Counts in the log. Raises RegisterLeftBehind: the process does not start. A database that is away is no reason
    not to: the gallery asks the same before its first answer."""
    try:
        found = left_behind(ports)
    except DatabaseUnavailable as e:
        log.warning("what an older face model made was not counted", extra={"error_code": e.code})
        return
    if found.people:
        log.warning(
            "people were enrolled by another face model and must opt in again",
            extra={"count": found.people, "face_model": ports.recogniser.id},
        )
    if found.entries:
        log.critical(
            "entries of the protected register were made by another face model and protect nobody",
            extra={"count": found.entries, "face_model": ports.recogniser.id},
        )
