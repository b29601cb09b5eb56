"""Beginning at a picture that is published: which ones, and who is in what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from semblance.generation.domain.edit import Changes, Edit
from semblance.generation.domain.errors import InvalidOrder, SourceGone
from semblance.generation.domain.image import Image, State, Visibility
from semblance.generation.domain.sizes import Size
from semblance.generation.domain.together import Area
from semblance.generation.handlers.together import Placed
from semblance.generation.ports import Ports
from semblance.kernel.consent import WHOEVER_ASKED, Purpose
from semblance.kernel.ids import ConsentId, ImageId, SubjectId


@dataclass(frozen=True)
class FromPicture:
    """Begin at a picture of the same person that is published; under a grant, at one that the requester may see."""

    source_id: ImageId
    changes: Changes


def begin_at(
    begin: FromPicture, everybody: Sequence[Placed], asker_id: SubjectId, ports: Ports
) -> tuple[Edit, Size | None, list[Placed]]:
    """The edit, the size that its source was asked for in, and everybody in it, the subject first. Raises SourceGone,
    InvalidOrder, and the errors of the source's consent."""
    subject_id = everybody[0].sitter.subject_id
    with ports.reads() as store:
        source = store.images.get(begin.source_id)
    source = require_source(source, subject_id, asker_id)
    if source.people > 1:
        everybody = _as_in(source, everybody)
    elif len(everybody) > 1:
        raise InvalidOrder("nobody is added to a picture that is edited", remedy="Ask for a new one, with `others`.")
    ports.consents.require(source.consent_id, source.subject_id, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)
    return Edit(source.id, source.consent_id, begin.changes), source.order.size, list(everybody)


def require_source(source: Image | None, subject_id: SubjectId, asker_id: SubjectId) -> Image:
    """The picture, if an edit may begin at it: published, of this person, and asked for by the same one who still may
    see it. A person edits any picture of themselves alone. Raises SourceGone."""
    if source is None or source.subject_id != subject_id or source.state is not State.PUBLISHED:
        raise SourceGone
    theirs_alone = source.people == 1 and asker_id == subject_id
    if not theirs_alone and (source.asker_id != asker_id or source.for_asker is not Visibility.SHOWN):
        raise SourceGone
    return source


def _as_in(source: Image, everybody: Sequence[Placed]) -> list[Placed]:
    """Everybody in an edit of a picture of several, the subject first, each where they stand in the source.

    An edit shows the same people, each under the very consent that the source was made under. Raises InvalidOrder.
    """
    stand: dict[SubjectId, tuple[ConsentId, Area | None]] = {
        each.subject_id: (each.consent_id, each.area) for each in source.others
    }
    stand[source.subject_id] = source.consent_id, source.order.area
    if sorted(each.sitter.subject_id for each in everybody) != sorted(stand):
        raise InvalidOrder("an edit shows whom its source shows, and nobody else", remedy="Ask for a new one.")
    for each in everybody:
        if each.area is not None:
            raise InvalidOrder("everybody in an edit stands where they do in its source")
        if each.sitter.consent_id != stand[each.sitter.subject_id][0]:
            raise InvalidOrder(
                "an edit is under the consents that its source was made under", remedy="Ask for a new picture."
            )
    return [replace(each, area=stand[each.sitter.subject_id][1]) for each in everybody]
