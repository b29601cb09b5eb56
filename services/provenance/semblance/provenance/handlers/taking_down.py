"""Take-down notices: received from anybody, decided by an operator, carried out by removing the picture."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from semblance.kernel.errors import Gone, Unavailable
from semblance.kernel.ids import ImageId, new_id
from semblance.provenance.domain.errors import InvalidTakedown, TakedownLapsed, TakedownNotFound, TooManyTakedowns
from semblance.provenance.domain.events import Hidden, Shown, TakenDown
from semblance.provenance.domain.publication import Publication, State
from semblance.provenance.domain.takedown import (
    DECIDE_WITHIN,
    Claimant,
    Notice,
    Takedown,
    TakedownPicture,
    TakedownState,
    check_notice,
    reference_digest,
)
from semblance.provenance.handlers.finding import find_pictures
from semblance.provenance.ports import Ports, Store

_FORGET_AT_ONCE = 100
RECEIVED_WITHIN = dt.timedelta(minutes=10)
"""A notice takes seconds from its key to its row; what takes longer was left by a process that was killed."""
BY_ERASURE = "erasure"
"""Who decided a notice whose pictures went with their person."""


@dataclass(frozen=True)
class Decide:
    """An operator's decision; of accepted pictures `but_not` stay and `also` go as well."""

    takedown_id: str
    decision: TakedownState
    operator: str
    but_not: frozenset[ImageId] = frozenset()
    also: frozenset[ImageId] = frozenset()


@dataclass(frozen=True)
class NoticeShown:
    """A notice with its pictures as they are now, and its claimant's words while they are kept."""

    takedown: Takedown
    pictures: Sequence[tuple[TakedownPicture, Publication | None]]
    claimant: Claimant | None = None


def submit(notice: Notice, data: bytes, ports: Ports) -> tuple[Takedown, int]:
    """A new notice and how many published pictures it is about; the same reference again gives the same notice.

    Raises InvalidTakedown, TooManyTakedowns, TakedownLapsed, and what looking at the picture raises. The picture is
    not kept.
    """
    check_notice(notice)
    digest = reference_digest(notice.reference)
    with ports.reads() as store:
        known = store.takedowns.by_reference(digest)
        if known is not None:
            return known, len(store.takedowns.pictures(known.id))
        _require_room(store, ports)
    pictures = _hiding(find_pictures(data, notice.claimant.image, ports), ports)
    now, takedown_id = ports.clock.now(), new_id()
    with ports.transactions() as store:
        store.takedowns.begin_key(takedown_id, now)
    try:
        takedown = Takedown(
            id=takedown_id,
            reference_sha256=digest,
            relation=notice.relation,
            statement_version=notice.statement_version,
            sealed=ports.claims.seal(takedown_id, notice.claimant),
            hidden=any(picture.hidden for picture in pictures),
            received_at=now,
            due_at=now + DECIDE_WITHIN,
        )
        kept, count = _keep(takedown, pictures, ports)
    except Exception:
        with contextlib.suppress(Unavailable):  # the clock comes by for it
            _drop_key(takedown_id, ports)
        raise
    if kept.id != takedown_id:
        _drop_key(takedown_id, ports)
    return kept, count


def _keep(takedown: Takedown, pictures: Sequence[TakedownPicture], ports: Ports) -> tuple[Takedown, int]:
    with ports.transactions() as store:
        # Looking took a while: of a picture whose person was erased meanwhile not even the id is kept.
        out = {picture.image_id: _published(picture.image_id, store) for picture in sorted(pictures, key=_by_id)}
        there = [(picture, publication) for picture in pictures if (publication := out[picture.image_id])]
        store.takedowns.begin_adding()
        known = store.takedowns.by_reference(takedown.reference_sha256)
        if known is not None:
            return known, len(store.takedowns.pictures(known.id))
        _require_room(store, ports)
        if not store.takedowns.end_key(takedown.id):
            raise TakedownLapsed
        store.takedowns.add(takedown, [picture for picture, _ in there])
        for picture, publication in there:
            if picture.hidden:
                store.emit(Hidden(publication))
    return takedown, len(there)


def _require_room(store: Store, ports: Ports) -> None:
    """Raises TooManyTakedowns; the clock tells operators (adapters/takedown_clock.py)."""
    rules = ports.takedown_rules
    if store.takedowns.open_count() >= rules.open_max:
        raise TooManyTakedowns(rules.mail)


def _drop_key(takedown_id: str, ports: Ports) -> bool:
    """Destroy the key unless its notice was kept; whether it was destroyed. Keeping the notice ends the same row, so
    one of the two waits for the other and sees what it did."""
    with ports.transactions() as store:
        unused = store.takedowns.end_key(takedown_id)
        if unused:
            ports.claims.destroy(takedown_id)
    return unused


def by_reference(reference: str, ports: Ports) -> tuple[Takedown, int]:
    """A claimant's own notice. Raises TakedownNotFound."""
    with ports.reads() as store:
        takedown = store.takedowns.by_reference(reference_digest(reference))
        if takedown is None:
            raise TakedownNotFound
        return takedown, len(store.takedowns.pictures(takedown.id))


def page(state: TakedownState | None, limit: int, ports: Ports) -> Sequence[NoticeShown]:
    """For operators: overdue ones first, without the claimants' words."""
    with ports.reads() as store:
        return [NoticeShown(each, _pictures(each.id, store)) for each in store.takedowns.page(state, limit)]


def show(takedown_id: str, ports: Ports) -> NoticeShown:
    """For an operator, with the claimant's words. Raises TakedownNotFound."""
    with ports.reads() as store:
        takedown = store.takedowns.get(takedown_id)
        if takedown is None:
            raise TakedownNotFound
        pictures = _pictures(takedown_id, store)
    try:
        return NoticeShown(takedown, pictures, ports.claims.open(takedown_id, takedown.sealed))
    except Gone:
        return NoticeShown(takedown, pictures)


def decide(command: Decide, ports: Ports) -> NoticeShown:
    """Once and for good: accepted pictures go at once, refused ones can be fetched again.

    Raises TakedownNotFound, TakedownDecided, InvalidTakedown.
    """
    if command.decision is TakedownState.REFUSED and (command.but_not or command.also):
        raise InvalidTakedown("pictures are named with an acceptance only")
    with ports.transactions() as store:
        _lock_pictures(command, store)
        takedown = store.takedowns.get(command.takedown_id)
        if takedown is None:
            raise TakedownNotFound
        decided = takedown.decide(command.decision, by=command.operator, now=ports.clock.now())
        if decided is not takedown:
            _name_also(command, store)
            store.takedowns.save(decided)
            for picture in store.takedowns.pictures(takedown.id):
                goes = decided.state is TakedownState.ACCEPTED and picture.image_id not in command.but_not
                (_take_down if goes else _show)(picture, store)
    return show(command.takedown_id, ports)


def forget_pictures(image_ids: Sequence[ImageId], now: dt.datetime, store: Store) -> list[ImageId]:
    """With an erasure: no notice names the person's pictures; one that is about nothing else is done."""
    gone = store.takedowns.forget_pictures(image_ids)
    for takedown_id in sorted({takedown_id for takedown_id, _ in gone}):
        takedown = store.takedowns.get(takedown_id)
        if takedown is not None and takedown.state is TakedownState.OPEN and not store.takedowns.pictures(takedown_id):
            store.takedowns.save(takedown.decide(TakedownState.ACCEPTED, by=BY_ERASURE, now=now))
    return [image_id for _, image_id in gone]


def expire(ports: Ports) -> int:
    """What was decided long enough ago goes, its key first; how many."""
    before = ports.clock.now() - dt.timedelta(days=ports.takedown_rules.keep_days)
    with ports.reads() as store:
        old = store.takedowns.decided_before(before, _FORGET_AT_ONCE)
    for takedown in old:
        ports.claims.destroy(takedown.id)
        with ports.transactions() as store:
            store.takedowns.forget(takedown.id)
    return len(old)


def drop_unused_keys(ports: Ports) -> int:
    """Of notices whose process was killed between their key and their row; how many."""
    with ports.reads() as store:
        left = store.takedowns.keys_begun_before(ports.clock.now() - RECEIVED_WITHIN, _FORGET_AT_ONCE)
    return sum(_drop_key(takedown_id, ports) for takedown_id in left)


def _hiding(pictures: Sequence[TakedownPicture], ports: Ports) -> Sequence[TakedownPicture]:
    """Where the operator wants it, what was certainly recognised is hidden; of what only looks alike, the nearest."""
    if not ports.takedown_rules.hide:
        return pictures
    certain = [picture for picture in pictures if picture.found_by != "fingerprint"] or pictures[:1]
    return [dataclasses.replace(picture, hidden=picture in certain) for picture in pictures]


def _pictures(takedown_id: str, store: Store) -> Sequence[tuple[TakedownPicture, Publication | None]]:
    return [(picture, store.publication(picture.image_id)) for picture in store.takedowns.pictures(takedown_id)]


def _published(image_id: ImageId, store: Store) -> Publication | None:
    """The picture while it is out; locked until the transaction ends."""
    publication = store.publication(image_id)
    return publication if publication is not None and publication.state is State.PUBLISHED else None


def _by_id(picture: TakedownPicture) -> ImageId:
    return picture.image_id


def _lock_pictures(command: Decide, store: Store) -> None:
    """In the order of their ids and before the notice, as an erasure does: two who wait for each other get nowhere."""
    about = {picture.image_id for picture in store.takedowns.pictures(command.takedown_id)}
    for image_id in sorted(about | command.also):
        store.publication(image_id)


def _name_also(command: Decide, store: Store) -> None:
    for image_id in sorted(command.also):
        if _published(image_id, store) is None:
            raise InvalidTakedown(f"no published image {image_id}")
        store.takedowns.add_picture(command.takedown_id, TakedownPicture(image_id, "operator", 1.0))


def _take_down(picture: TakedownPicture, store: Store) -> None:
    """The bytes go here and now; whoever else keeps something of it hears of it and tells the person."""
    known = _published(picture.image_id, store)
    if known is None:
        return
    gone = known.take_down()
    store.save(gone)
    store.schedule_clearing(gone)
    store.emit(TakenDown(gone))


def _show(picture: TakedownPicture, store: Store) -> None:
    publication = _published(picture.image_id, store) if picture.hidden else None
    if publication is not None and not store.takedowns.hides(picture.image_id):
        store.emit(Shown(publication))
