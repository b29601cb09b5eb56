"""The protected register: adding and removing faces, with and without an operator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from semblance.identity.domain.errors import InvalidProtection, ProtectionConflict, RegisterFull, UnknownProtection
from semblance.identity.domain.matching import Embedding
from semblance.identity.domain.protection import (
    ANYBODYS,
    ProtectedFace,
    ProtectionPurpose,
    check_entry,
    key_of,
    pack,
)
from semblance.identity.domain.review import Review, ReviewKind
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import Gone, SemblanceError
from semblance.kernel.ids import ReviewId, new_id

ADDED_WITHIN = dt.timedelta(minutes=10)
"""An entry takes seconds from its key to its row; what takes longer was left by a process that was killed."""
_AT_ONCE = 500
PROTECTED_PURPOSE = "protected-face"
"""What a protected face's template is sealed for."""


@dataclass(frozen=True)
class ProtectFace:
    """Put a face on the register. The caller chose id and removal code; `repr` leaves the photos out."""

    entry_id: str
    purpose: ProtectionPurpose
    photos: Sequence[bytes] = field(repr=False)
    code_sha256: str = field(repr=False)
    by_operator: bool = False


def protect_face(command: ProtectFace, ports: Ports) -> None:
    """Measure the photos, drop them, keep a sealed template. Again with the same id and code changes nothing.

    Says nothing about whether the face is enrolled: against an enrolled person the entry has no effect until an
    operator allows it, so that nobody can be shut out by their own face. Raises InvalidProtection, ProtectionConflict,
    RegisterFull, QuotaExceeded, Unavailable.
    """
    if command.purpose not in ANYBODYS and not command.by_operator:
        raise InvalidProtection("the purpose is self or guardian", remedy="Ask the operator about anything else.")
    check_entry([len(photo) for photo in command.photos], command.code_sha256)
    with ports.reads() as store:
        if store.register.count() >= ports.rules.protected_faces:
            raise RegisterFull
    faces = ports.photos.read(command.photos)
    if not _begin(command, ports):
        return
    try:
        ports.keys.create(key_of(command.entry_id))
        sealed = ports.seals.seal(key_of(command.entry_id), PROTECTED_PURPOSE, pack(faces))
    except Gone as e:
        raise ProtectionConflict from e
    entry = ProtectedFace(
        id=command.entry_id,
        purpose=command.purpose,
        sealed=sealed,
        code_sha256=command.code_sha256,
        added_at=ports.clock.now(),
        face_model=ports.recogniser.id,
    )
    with ports.transactions() as store:
        # Enrolments wait for this lock too: of two at once, the later one sees the earlier.
        store.templates.revision(lock=True)
        begun = store.register.end_key(entry.id)
        if _is_kept(command, store, ports):
            return
        if not begun:
            raise ProtectionConflict  # it took so long that the key was taken for one that was left behind
        add(store, entry, faces, ports)


def drop_unused_keys(ports: Ports) -> int:
    """Of entries whose process was killed between their key and their row; how many."""
    with ports.reads() as store:
        left = store.register.keys_begun_before(ports.clock.now() - ADDED_WITHIN, _AT_ONCE)
    return sum(_drop_key(entry_id, ports) for entry_id in left)


def remove_protection(entry_id: str, code: str, ports: Ports) -> None:
    """For whoever has the code. Raises UnknownProtection, the same for no entry and a wrong code."""
    with ports.reads() as store:
        entry = store.register.get(entry_id)
    if entry is None or not entry.opens_with(code):
        raise UnknownProtection
    _remove(entry_id, ports)


def remove_as_operator(entry_id: str, ports: Ports) -> None:
    """Without a code. Raises UnknownProtection."""
    with ports.reads() as store:
        if store.register.get(entry_id) is None:
            raise UnknownProtection
    _remove(entry_id, ports)


def list_protected(after: str, limit: int, ports: Ports) -> list[ProtectedFace]:
    """Newest first."""
    with ports.reads() as store:
        return store.register.page(after, limit)


def finish_removals(ports: Ports) -> int:
    """Delete entries whose key is destroyed: removals that were killed half-way. How many there were.

    An entry whose key is merely missing stays, and stops matching until the key ring is whole again: a lost file must
    not end anybody's protection.
    """
    with ports.reads() as store:
        entries = store.register.entries(store.register.ids())
    left_over = [entry for entry in entries if _is_destroyed(entry, ports)]
    for entry in left_over:
        _remove(entry.id, ports)
    return len(left_over)


def _begin(command: ProtectFace, ports: Ports) -> bool:
    """Note the key that is about to be made; False if the entry is kept already. Raises ProtectionConflict."""
    with ports.transactions() as store:
        store.templates.revision(lock=True)
        if _is_kept(command, store, ports):
            return False
        store.register.begin_key(command.entry_id, ports.clock.now())
    return True


def _is_kept(command: ProtectFace, store: Store, ports: Ports) -> bool:
    """Raises ProtectionConflict for another entry of that id."""
    known = store.register.get(command.entry_id)
    if known is None:
        return False
    if (known.code_sha256, known.face_model) != (command.code_sha256, ports.recogniser.id):
        raise ProtectionConflict
    return True


def _drop_key(entry_id: str, ports: Ports) -> bool:
    """Destroy the key unless its entry was kept; whether it was. One who adds it waits for this, or this for them."""
    with ports.transactions() as store:
        store.templates.revision(lock=True)
        unused = store.register.end_key(entry_id) and store.register.get(entry_id) is None
        if unused:
            ports.keys.destroy(key_of(entry_id))
    return unused


def _is_destroyed(entry: ProtectedFace, ports: Ports) -> bool:
    if ports.keys.exists(entry.key_id):
        return False
    try:
        ports.seals.open(entry.key_id, PROTECTED_PURPOSE, entry.sealed)
    except Gone:
        return True
    except SemblanceError:
        return False
    return False


def _remove(entry_id: str, ports: Ports) -> None:
    """The key first: from then on nothing opens the template, whatever becomes of the row."""
    ports.keys.destroy(key_of(entry_id))
    with ports.transactions() as store:
        store.templates.revision(lock=True)
        store.register.remove(entry_id)
        store.note_unprotected(entry_id)


def add(store: Store, entry: ProtectedFace, faces: Sequence[Embedding], ports: Ports) -> None:
    """Within a transaction that holds the gallery's lock."""
    people = ports.gallery.people_like(store, faces, ports.rules.matching.protected)
    store.register.add(entry)
    store.note_protected(entry.id)
    for subject_id in people:
        store.register.exempt(entry.id, subject_id)
        question = Review(
            id=ReviewId(new_id()),
            kind=ReviewKind.PROTECTION_OF_ENROLLED_FACE,
            subject_id=subject_id,
            opened_at=entry.added_at,
            entry_id=entry.id,
        )
        store.reviews.add(question)
