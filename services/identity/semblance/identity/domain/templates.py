"""Enrolled templates at rest, and how what is in memory hears of changes."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from semblance.kernel.ids import SubjectId


@dataclass(frozen=True)
class SealedTemplate:
    """One enrolled template at rest."""

    id: str
    subject_id: SubjectId
    sealed: bytes
    face_model: str


class ChangeKind(enum.Enum):
    """What of the gallery changed."""

    TEMPLATE = "template"
    ENTRY = "entry"
    EXEMPTION = "exemption"


@dataclass(frozen=True)
class Change:
    """One template or entry that came, changed or went; of an exemption, the entry."""

    kind: ChangeKind
    name: str
