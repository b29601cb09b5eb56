"""Every enrolled template and every protected face in memory, as two indexes; they follow the database by the gallery's
revision and its log of changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

from semblance.faces.face_index import FaceIndex, Hit
from semblance.identity.adapters.opened import Opener
from semblance.identity.domain.matching import Embedding, Scores
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.domain.templates import Change, ChangeKind
from semblance.identity.handlers.left_behind import require_acknowledged
from semblance.identity.ports import Keys, Seals, Store
from semblance.kernel.ids import SubjectId

log = logging.getLogger(__name__)
TIDY_AFTER_S = 60.0
"""How long codes of removed templates may stay in memory; their numbers are overwritten at once."""
_NOBODY = -1.0


class MemoryGallery:
    """Follows the database before each answer: one small query while nothing has changed, and what changed where
    something has. What comes is added before what went is removed, so that nobody is missing in between.

    It holds what one face model made. What another made is left out, as long as no more entries of the register than
    `left_behind` are: beyond that there is no answer.
    """

    def __init__(self, seals: Seals, keys: Keys, recogniser: Recogniser = SFACE, *, left_behind: int = 0) -> None:
        self._opener = Opener(seals, recogniser.dimensions)
        self._keys = keys
        self._recogniser = recogniser
        self._left_behind = left_behind
        self._following = threading.Lock()
        self._templates = FaceIndex(recogniser.dimensions)
        self._register = FaceIndex(recogniser.dimensions)
        self._revision = -1
        self._exempt: dict[SubjectId, frozenset[str]] = {}
        self._tidying: threading.Timer | None = None

    def scores(
        self,
        store: Store,
        subject_id: SubjectId,
        faces: Sequence[Embedding],
        *,
        also_depicted: Sequence[SubjectId] = (),
    ) -> tuple[list[Scores], bool]:
        """Scores for each face, and whether the person is enrolled: not once the key is destroyed.

        Raises Unavailable when a template cannot be opened or the key ring cannot be read.
        """
        self._follow(store)
        enrolled = self._templates.has_owner(subject_id) and self._keys.exists(subject_id)
        exempt = self._exempt_from(subject_id)
        found = []
        for face in faces:
            own = self._templates.of_owner(face, subject_id) if enrolled else None
            other = self._templates.top(face, without=[subject_id, *also_depicted])
            guarded = self._register.top(face, without=exempt)
            found.append(Scores(_NOBODY if own is None else own, _best(other), _best(guarded)))
        return found, enrolled

    def people_like(self, store: Store, faces: Sequence[Embedding], threshold: float) -> list[SubjectId]:
        """Whoever's templates reach `threshold` with one of the faces, likest first; not those whose key is gone."""
        self._follow(store)
        likest = _likest(hit for face in faces for hit in self._templates.at_least(face, threshold))
        return [SubjectId(owner) for owner in likest if self._keys.exists(owner)]

    def entries_like(
        self, store: Store, subject_id: SubjectId, faces: Sequence[Embedding], threshold: float
    ) -> list[str]:
        """Entries in effect for this person that reach `threshold` with one of the faces, likest first."""
        self._follow(store)
        exempt = self._exempt_from(subject_id)
        return _likest(hit for face in faces for hit in self._register.at_least(face, threshold, without=exempt))

    @property
    def size(self) -> int:
        """How many templates are in memory."""
        return len(self._templates)

    @property
    def revision(self) -> int:
        """The database's revision that the last answer rested on; -1 before the first."""
        return self._revision

    def _exempt_from(self, subject_id: SubjectId) -> list[str]:
        return sorted(self._exempt.get(subject_id, ()))

    def _follow(self, store: Store) -> None:
        revision = store.templates.revision()
        with self._following:
            if revision == self._revision:
                return
            changed = store.templates.changes(self._revision, revision) if self._revision >= 0 else None
            if changed is None:
                self._read_all(store)
            else:
                self._apply(changed, store)
            self._revision = revision
            self._tidy_soon()

    def _read_all(self, store: Store) -> None:
        require_acknowledged(store.register.of_other_models(self._recogniser.id), self._left_behind)
        present, known = store.templates.ids(self._recogniser.id), self._templates.names()
        self._templates.add(self._opener.templates(store.templates.get([i for i in present if i not in known])))
        self._templates.remove(known - present.keys())
        entries, held = store.register.ids(self._recogniser.id), self._register.owners()
        self._register.add(self._opener.entries(store.register.entries([i for i in entries if i not in held])))
        self._register.remove_owners(held.difference(entries))
        self._read_exemptions(store)

    def _apply(self, changed: Sequence[Change], store: Store) -> None:
        names = {kind: {c.name for c in changed if c.kind is kind} for kind in ChangeKind}
        if names[ChangeKind.TEMPLATE]:
            self._apply_templates(sorted(names[ChangeKind.TEMPLATE]), store)
        if names[ChangeKind.ENTRY]:
            self._apply_entries(sorted(names[ChangeKind.ENTRY]), store)
        if names[ChangeKind.ENTRY] or names[ChangeKind.EXEMPTION]:
            self._read_exemptions(store)

    def _apply_templates(self, names: Sequence[str], store: Store) -> None:
        there = [one for one in store.templates.get(names) if one.face_model == self._recogniser.id]
        self._templates.add(self._opener.templates(there))
        self._templates.remove(set(names) - {one.id for one in there})

    def _apply_entries(self, names: Sequence[str], store: Store) -> None:
        require_acknowledged(store.register.of_other_models(self._recogniser.id), self._left_behind)
        there = [one for one in store.register.entries(names) if one.face_model == self._recogniser.id]
        self._register.add(self._opener.entries(there))
        self._register.remove_owners(set(names) - {one.id for one in there})

    def _read_exemptions(self, store: Store) -> None:
        exempt: dict[SubjectId, frozenset[str]] = {}
        for entry_id, subject_id in store.register.exemptions():
            exempt[subject_id] = exempt.get(subject_id, frozenset()) | {entry_id}
        self._exempt = exempt

    def _tidy_soon(self) -> None:
        """One timer at a time; what changes until it runs is tidied with the rest."""
        if self._tidying is None and (self._templates.untidy or self._register.untidy):
            first = self._templates.never_coded and self._register.never_coded
            self._tidying = threading.Timer(0 if first else TIDY_AFTER_S, self._tidy)
            self._tidying.daemon = True
            self._tidying.start()

    def _tidy(self) -> None:
        with self._following:
            self._tidying = None
        self._templates.tidy()
        self._register.tidy()


def _best(hits: Sequence[Hit]) -> float:
    return hits[0].score if hits else _NOBODY


def _likest(hits: Iterator[Hit]) -> list[str]:
    """Their owners, likest first, each once."""
    ordered = sorted(hits, key=lambda hit: -hit.score)
    return list(dict.fromkeys(hit.owner for hit in ordered))
