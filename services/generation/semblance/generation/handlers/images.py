"""Asking for a picture, looking at pictures, taking one back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from semblance.generation.domain.errors import InvalidOrder, NotBegunInTime, SourceGone, TooManyImages, UnknownImage
from semblance.generation.domain.events import Ended, Requested
from semblance.generation.domain.image import Image, State, Visibility
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.turns import begin_by, turn_at
from semblance.generation.handlers.editing import FromPicture, begin_at, require_source
from semblance.generation.handlers.terms import Shared, Sitter, require_consent
from semblance.generation.handlers.together import Placed, beside_of, require_all_agreed, require_places
from semblance.generation.ports import ImageCount, Ports, Rules, Store
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.kernel.use import Use

DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 200


@dataclass(frozen=True)
class CreateImage:
    """The caller chooses the id, so a repeated command makes nothing twice. Of several in an edit nobody has an area:
    they stand where they do in the source. begin_within_s: 0 is at any time."""

    subject_id: SubjectId
    consent_id: ConsentId
    image_id: ImageId
    adapter_id: AdapterId
    words: Words
    order: Order
    shared: Shared | None = None
    use: Use | None = None
    source: FromPicture | None = None
    beside: tuple[Placed, ...] = ()
    begin_within_s: int = 0

    @property
    def asker_id(self) -> SubjectId:
        """Whoever asks."""
        return self.shared.requester_id if self.shared else self.subject_id


def create_image(command: CreateImage, ports: Ports) -> Image:
    """The image, queued.

    Raises the consent's errors, UseNotDeclared, UseDenied, PromptRefused, UnknownAdapter, AdapterNotReady,
    TooManyImages, UnknownImage (another's id), SourceGone, and Unavailable while the filter or training does not
    answer.
    """
    known = _known(command, ports)
    if known is not None:
        return known
    requester_id = command.shared.requester_id if command.shared else None
    sitter = Sitter(command.subject_id, command.consent_id, command.adapter_id, command.shared)
    require_consent(sitter, ports)
    edit, size, everybody = None, command.order.size, [Placed(sitter, command.order.area), *command.beside]
    if size is not None and (command.source is not None or command.beside):
        raise InvalidOrder("an edit has its source's size, and a picture of several that of its parts")
    if command.source is not None:
        edit, size, everybody = begin_at(command.source, everybody, command.asker_id, ports)
    words = command.words.everything
    require_places(everybody, command.asker_id, command.words, ports.rules.people)
    if requester_id is not None and words.negative_prompt:
        # It would steer a picture around limits that only the prompt is read for.
        raise InvalidOrder("a picture under a grant takes no negative prompt")
    sitters = [each.sitter for each in everybody]
    (consent, adapter), *agreed = require_all_agreed(sitters, command.use, words, ports)
    others = tuple(beside_of(each, theirs) for each, theirs in zip(everybody[1:], agreed, strict=True))
    now = ports.clock.now()
    image = Image(
        id=command.image_id,
        subject_id=command.subject_id,
        consent_id=consent.id,
        consent_revision=consent.revision,
        adapter_id=adapter.id,
        adapter_consent_id=adapter.consent_id,
        order=replace(command.order, area=everybody[0].area, size=size),
        sealed_words=ports.words.seal(command.subject_id, command.words),
        state=State.QUEUED,
        requested_at=now,
        requester_id=requester_id,
        visibility=Visibility.WAITING if command.shared and command.shared.review else Visibility.SHOWN,
        use=command.use,
        edit=edit,
        others=others,
        people=1 + len(others),
        begin_by=begin_by(now, command.begin_within_s),
    )
    with ports.transactions() as store:
        store.images.lock(image.asker_id, image.subject_id)
        earlier = store.images.get(command.image_id, lock=True)
        if earlier is not None:
            return _same(earlier, command)
        if edit is not None:  # it may have gone, or been hidden, since it was looked at
            require_source(store.images.get(edit.source_id, lock=True), command.subject_id, command.asker_id)
        _require_room(image, store, ports.rules)
        waiting = store.images.open_of_asker(image.asker_id)
        image = replace(image, turn_at=turn_at(now, waiting, ports.rules.turn_s))
        store.images.add(image)
        store.schedule_rendering(image.id)
        if command.begin_within_s:
            store.schedule_giving_up(image.id, command.begin_within_s)
        store.publish(Requested(image, command.shared.requester_name if command.shared else ""))
    return image


def get_image(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> Image:
    """As the person is told of it, who may be somebody beside its subject. Raises UnknownImage, also for a picture that
    does not show them."""
    with ports.reads() as store:
        return showing(store.images.get(image_id), subject_id).seen_by(subject_id)


def made_image(requester_id: SubjectId, image_id: ImageId, ports: Ports) -> Image:
    """What somebody asked for of another. Raises UnknownImage, also for what they did not ask for."""
    with ports.reads() as store:
        image = store.images.get(image_id)
    if image is None or image.requester_id != requester_id:
        raise UnknownImage
    return image


def list_images(
    subject_id: SubjectId, after: str, limit: int, ports: Ports, *, by_others: bool = False
) -> tuple[list[Image], str]:
    """A page of the person's own, or of what others asked for of them, and what to pass as `after` for the next one
    (empty: this was the last)."""
    found, next_after = _paged(
        lambda store, size: store.images.page(subject_id, after, size, by_others=by_others), limit, ports
    )
    return [image.seen_by(subject_id) for image in found], next_after


def made_images(requester_id: SubjectId, after: str, limit: int, ports: Ports) -> tuple[list[Image], str]:
    """A page of what somebody asked for of others, and the next `after`."""
    return _paged(lambda store, size: store.images.page_of_requester(requester_id, after, size), limit, ports)


def set_visibility(subject_id: SubjectId, image_id: ImageId, ports: Ports, *, shown: bool) -> Image:
    """Let whoever asked see it, or no longer; each whom it shows decides for themselves. What is being made of it for
    whoever asked would show much of it, and ends with that. Raises UnknownImage, also for a picture that nobody else
    asked for."""
    with ports.transactions() as store:
        image = showing(store.images.get(image_id, lock=True), subject_id)
        if image.asker_id == subject_id:
            raise UnknownImage
        decided = image.show(shown=shown, subject_id=subject_id)
        store.images.save(decided)
        if not shown:
            end_edits_of(image.id, store, ports, by=image.asker_id)
            store.note_hidden(decided.seen_by(subject_id))
        return decided.seen_by(subject_id)


def count_images(subject_id: SubjectId, ports: Ports) -> list[ImageCount]:
    """How many there are of each kind."""
    with ports.reads() as store:
        return store.images.counts(subject_id)


def _paged(read: Callable[[Store, int], list[Image]], limit: int, ports: Ports) -> tuple[list[Image], str]:
    size = min(max(limit, 1), MAX_PAGE) if limit else DEFAULT_PAGE
    with ports.reads() as store:
        images = read(store, size + 1)
    return images[:size], images[size - 1].id if len(images) > size else ""


def remove_image(subject_id: SubjectId, image_id: ImageId, ports: Ports) -> Image:
    """Stop the drawing or delete the picture, also a published one; once is enough. Anybody whom it shows may, and it
    is gone for all. Raises UnknownImage."""
    with ports.transactions() as store:
        image = showing(store.images.get(image_id, lock=True), subject_id)
        if image.state not in (State.REMOVED, State.REVOKED):
            removed = image.remove(ports.clock.now())
            end(image, removed, store)
            end_edits_of(image.id, store, ports)
            image = removed
        return image.seen_by(subject_id)


def end(image: Image, ended: Image, store: Store) -> None:
    """The image has come to this end: its work stops and its pixels go."""
    store.cancel_rendering(image.id)
    store.images.save(ended)
    store.schedule_destruction(image.subject_id, image.id)
    store.publish(Ended(ended))


def give_up_unbegun(image_id: ImageId, store: Store, ports: Ports) -> None:
    """Nobody wants it begun any more: it is told now, not when its turn would have come. What is drawn on is finished,
    and what a worker waits with for the engine is the worker's own to give up."""
    image = store.images.get(image_id, lock=True)
    if image is None or not image.open or image.begin_by is None:
        return
    if image.state is State.QUEUED or not store.at_work([image.id]):
        end(image, image.fail(NotBegunInTime.code, ports.clock.now()), store)


def end_edits_of(source_id: ImageId, store: Store, ports: Ports, *, by: SubjectId | None = None) -> None:
    """The picture is gone, or hidden from `by`: nothing that is not yet published is made of it, for anybody or for
    them."""
    for edit in store.images.pending_from(source_id):
        if by in (None, edit.asker_id):
            end(edit, edit.fail(SourceGone.code, ports.clock.now()), store)


def own(image: Image | None, subject_id: SubjectId) -> Image:
    """The image if it is this person's. Raises UnknownImage."""
    if image is None or image.subject_id != subject_id:
        raise UnknownImage
    return image


def showing(image: Image | None, subject_id: SubjectId) -> Image:
    """The image if it shows this person. Raises UnknownImage."""
    if image is None or subject_id not in image.everybody:
        raise UnknownImage
    return image


def _require_room(image: Image, store: Store, rules: Rules) -> None:
    """Each who asks for pictures of a person has their own room, so that nobody fills another's; all others together
    have one that is larger. Raises TooManyImages."""
    if store.images.open_count(image.subject_id, image.requester_id) >= rules.open_images:
        raise TooManyImages(rules.open_images)
    if image.by_other and store.images.open_by_others(image.subject_id) >= rules.open_images_by_others:
        raise TooManyImages(rules.open_images_by_others)


def _known(command: CreateImage, ports: Ports) -> Image | None:
    with ports.reads() as store:
        image = store.images.get(command.image_id)
    return None if image is None else _same(image, command)


def _same(image: Image, command: CreateImage) -> Image:
    """The image if the same one asked for it, of the same person. Raises UnknownImage."""
    if image.requester_id != (command.shared.requester_id if command.shared else None):
        raise UnknownImage
    return own(image, command.subject_id)
