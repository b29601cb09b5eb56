"""One picture from the request to its end: the state machine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from semblance.generation.domain.edit import Edit
from semblance.generation.domain.errors import WrongState
from semblance.generation.domain.order import Order
from semblance.generation.domain.together import Another
from semblance.kernel.errors import ConsentOfAnotherRequired
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.kernel.use import Use


class State(enum.Enum):
    """Where an image stands. QUARANTINED: drawn, sealed, and waiting for the filter and the signer. IN_REVIEW: the
    filter is in doubt, and an operator decides."""

    QUEUED = "queued"
    RUNNING = "running"
    QUARANTINED = "quarantined"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    BLOCKED = "blocked"
    FAILED = "failed"
    REVOKED = "revoked"
    REMOVED = "removed"


class Visibility(enum.Enum):
    """Whether somebody else who asked for a picture may see it: the person in it decides."""

    SHOWN = "shown"
    WAITING = "waiting"
    HIDDEN = "hidden"


ERASED_REQUESTER: Final = SubjectId("erased")
"""Stands for whoever asked, once that account is erased; nobody has such an id."""

_STOPPED: Final = frozenset({State.FAILED, State.REVOKED, State.REMOVED})
_NEXT: Final[Mapping[State, frozenset[State]]] = {
    State.QUEUED: _STOPPED | {State.RUNNING},
    # Running again: the process was killed, and another worker took over.
    State.RUNNING: _STOPPED | {State.RUNNING, State.QUARANTINED},
    State.QUARANTINED: _STOPPED | {State.PUBLISHED, State.BLOCKED, State.IN_REVIEW},
    State.IN_REVIEW: _STOPPED | {State.PUBLISHED, State.BLOCKED, State.QUARANTINED},
    State.PUBLISHED: frozenset({State.REMOVED}),
    State.BLOCKED: frozenset({State.REMOVED}),
    State.FAILED: frozenset({State.REMOVED}),
    State.REVOKED: frozenset(),
    State.REMOVED: frozenset(),
}


@dataclass(frozen=True)
class Pixels:
    """Where the sealed PNG lies. sha256 is of the PNG before sealing."""

    quarantine_key: str
    sha256: str
    width_px: int
    height_px: int
    backbone_digest: str


@dataclass(frozen=True)
class Image:
    """A picture. adapter_consent_id is the consent that the adapter was trained under: it must stand as well.

    sealed_words is emptied when the image ends: nobody needs the prompt any more. requester_id is set when somebody
    else asked, under a grant; the picture is the subject's all the same, and visibility says whether they may see it.
    use is what it is for, as whoever asked declared it; edit says which picture it begins at. others: whom it shows
    beside the subject; people: how many it was asked for with, also once one of them is erased. turn_at: its place in
    the queue; begin_by: when nobody wants it begun any more (domain/turns.py), forgotten once it is.
    """

    id: ImageId
    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    adapter_id: AdapterId
    adapter_consent_id: ConsentId
    order: Order
    sealed_words: bytes = field(repr=False)
    state: State
    requested_at: dt.datetime
    reason_codes: tuple[str, ...] = ()
    pixels: Pixels | None = None
    manifest_id: str = ""
    finished_at: dt.datetime | None = None
    requester_id: SubjectId | None = None
    visibility: Visibility = Visibility.SHOWN
    use: Use | None = None
    edit: Edit | None = None
    others: tuple[Another, ...] = ()
    people: int = 1
    turn_at: dt.datetime | None = None
    begin_by: dt.datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for a worker or is drawn."""
        return self.state in (State.QUEUED, State.RUNNING)

    @property
    def pending(self) -> bool:
        """Whether a withdrawal can still stop it: nothing of it has been published."""
        return self.open or self.waiting

    @property
    def waiting(self) -> bool:
        """Whether its pixels lie in quarantine and nothing is decided."""
        return self.state in (State.QUARANTINED, State.IN_REVIEW)

    @property
    def asker_id(self) -> SubjectId:
        """Whoever asked for it."""
        return self.requester_id or self.subject_id

    def late(self, now: dt.datetime) -> bool:
        """Whether nobody wants it begun any more."""
        return self.begin_by is not None and now > self.begin_by

    @property
    def everybody(self) -> frozenset[SubjectId]:
        """Whom it shows."""
        return frozenset((self.subject_id, *(each.subject_id for each in self.others)))

    def grantee_of(self, each: Another) -> SubjectId | None:
        """To whom somebody beside the subject must have given their consent; None: they asked themselves."""
        return None if each.subject_id == self.asker_id else self.asker_id

    @property
    def for_asker(self) -> Visibility:
        """Whether whoever asked may see it: as far as everybody is concerned who did not ask."""
        said = [self.visibility, *(_visibility(each.shown) for each in self.others)]
        return next(word for word in (Visibility.HIDDEN, Visibility.WAITING, Visibility.SHOWN) if word in said)

    def seen_by(self, subject_id: SubjectId) -> Image:
        """As somebody else in it is told of it: under their own consent, and of nobody but whoever asked."""
        mine = next((each for each in self.others if each.subject_id == subject_id), None)
        if mine is None:
            return self
        return dataclasses.replace(
            self,
            subject_id=mine.subject_id,
            consent_id=mine.consent_id,
            consent_revision=mine.consent_revision,
            adapter_id=mine.adapter_id,
            adapter_consent_id=mine.adapter_consent_id,
            visibility=_visibility(mine.shown),
            requester_id=self.asker_id if self.asker_id != subject_id else None,
            sealed_words=b"",
            others=(),
        )

    @property
    def by_other(self) -> bool:
        """Whether somebody else asked for it, also somebody who is erased."""
        return self.requester_id is not None

    def begin(self) -> Image:
        """A worker took it. Raises WrongState."""
        return self._to(State.RUNNING)

    def drawn_on(self) -> Image:
        """The engine took a first step: from now on it is finished, however late and whoever has to draw it again."""
        return dataclasses.replace(self, begin_by=None)

    def quarantine(self, pixels: Pixels) -> Image:
        """Its pixels lie sealed and wait. Raises WrongState."""
        return self._to(State.QUARANTINED, pixels=pixels)

    def hold(self) -> Image:
        """The filter is in doubt: an operator decides. Raises WrongState."""
        return self._to(State.IN_REVIEW)

    def release(self) -> Image:
        """The operator let it go on to the signer. Raises WrongState."""
        return self._to(State.QUARANTINED)

    def publish(self, manifest_id: str, now: dt.datetime) -> Image:
        """It passed the filter and is signed. Raises WrongState."""
        return self._end(State.PUBLISHED, now, manifest_id=manifest_id)

    def block(self, reason_codes: Sequence[str], now: dt.datetime) -> Image:
        """The filter objects. Raises WrongState."""
        return self._end(State.BLOCKED, now, reason_codes=tuple(reason_codes))

    def fail(self, reason_code: str, now: dt.datetime) -> Image:
        """It could not be made or signed. Raises WrongState."""
        return self._end(State.FAILED, now, reason_codes=(reason_code,))

    def revoke(self, now: dt.datetime) -> Image:
        """The consent was withdrawn first. Raises WrongState."""
        return self._end(State.REVOKED, now, reason_codes=("consent-revoked",))

    def remove(self, now: dt.datetime) -> Image:
        """The person wants it gone. Raises WrongState."""
        return self._end(State.REMOVED, now)

    def lose(self, subject_id: SubjectId, now: dt.datetime) -> Image:
        """Somebody beside the subject is erased: what is not out is not made, what is out goes, and who it was is
        forgotten."""
        ended = self
        if self.pending:
            ended = self.fail(ConsentOfAnotherRequired.code, now)
        elif self.state is State.PUBLISHED:
            ended = self.remove(now)
        return dataclasses.replace(ended, others=tuple(o for o in self.others if o.subject_id != subject_id))

    def show(self, *, shown: bool, subject_id: SubjectId | None = None) -> Image:
        """Somebody in it, the subject unless another is named, lets whoever asked see it, or no longer."""
        if subject_id is not None and subject_id != self.subject_id:
            decided = (dataclasses.replace(o, shown=shown) if o.subject_id == subject_id else o for o in self.others)
            return dataclasses.replace(self, others=tuple(decided))
        return dataclasses.replace(self, visibility=Visibility.SHOWN if shown else Visibility.HIDDEN)

    def _end(self, state: State, now: dt.datetime, **changes: Any) -> Image:
        return self._to(state, finished_at=now, sealed_words=b"", **changes)

    def _to(self, state: State, **changes: Any) -> Image:
        if state not in _NEXT[self.state]:
            raise WrongState(self.state.value, state.value)
        return dataclasses.replace(self, state=state, **changes)


def _visibility(shown: bool | None) -> Visibility:
    if shown is None:
        return Visibility.WAITING
    return Visibility.SHOWN if shown else Visibility.HIDDEN
