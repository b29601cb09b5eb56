"""Sealed templates and register entries, opened as rows of a face index: (name, owner, unit vector)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from semblance.identity.domain.matching import Embedding
from semblance.identity.domain.protection import ProtectedFace, unpack
from semblance.identity.domain.templates import SealedTemplate
from semblance.identity.handlers.capture import TEMPLATE_PURPOSE
from semblance.identity.handlers.register import PROTECTED_PURPOSE
from semblance.identity.ports import Seals
from semblance.kernel.errors import Gone, SemblanceError, Unavailable

log = logging.getLogger(__name__)
Row = tuple[str, str, Embedding]


class TemplatesUnreadable(Unavailable):
    """A template does not open: no answer is better than one that overlooks somebody."""

    code = "templates-unreadable"


class Opener:
    """What was sealed under a key that is destroyed is an erasure or a removal in progress and is left out; anything
    else that does not open raises TemplatesUnreadable."""

    def __init__(self, seals: Seals, dimensions: int) -> None:
        self._seals = seals
        self._dimensions = dimensions

    def templates(self, sealed: Sequence[SealedTemplate]) -> Iterator[Row]:
        """A row each, owned by its person."""
        for template in sealed:
            data = self._open(template.subject_id, TEMPLATE_PURPOSE, template.sealed, template.id)
            if data is not None:
                yield template.id, template.subject_id, np.frombuffer(data, dtype=np.float32)

    def entries(self, entries: Sequence[ProtectedFace]) -> Iterator[Row]:
        """A row for each face of an entry, owned by the entry."""
        for entry in entries:
            data = self._open(entry.key_id, PROTECTED_PURPOSE, entry.sealed, entry.id)
            faces = unpack(data, self._dimensions) if data is not None else []
            for number, face in enumerate(faces):
                yield f"{entry.id}/{number}", entry.id, face

    def _open(self, key_id: str, purpose: str, sealed: bytes, name: str) -> bytes | None:
        try:
            return self._seals.open(key_id, purpose, sealed)
        except Gone:
            log.info("a face was left out: its key is destroyed", extra={"aggregate_id": name})
            return None
        except SemblanceError as e:
            raise TemplatesUnreadable("an enrolled template or a protected face cannot be opened") from e
