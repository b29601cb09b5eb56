"""What a restore must not lose although it is no withdrawal: protected faces, what people said others may do, and which
apps are none any more. Noted outside of every backup when it happens, and compared with the database at the start.

Of a protected face the note holds the entry itself, its template sealed under a key of the key ring (`NOTES_KEY`): the
entry's own key came after the copy of the keys and is lost with them. The file goes with the entry.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from semblance.identity.domain.protection import ProtectedFace, ProtectionPurpose, key_of, unpack
from semblance.identity.domain.sharing import Sharing
from semblance.identity.handlers import register
from semblance.identity.handlers.apps import unverify_in
from semblance.identity.handlers.register import PROTECTED_PURPOSE
from semblance.identity.handlers.terms import open_limits
from semblance.identity.ports import Note, Ports, Store
from semblance.kernel.errors import Gone, Invalid, NotFound
from semblance.kernel.ids import SubjectId

NOTES_KEY: Final = key_of("the notes of the register")
_PURPOSE: Final = "protected-face-note"


@dataclass(frozen=True)
class BroughtBack:
    """How many of each the database did not know. `unreadable`: notes that say nothing any more."""

    entries: int = 0
    limits: int = 0
    marks: int = 0
    unreadable: int = 0


class _Unreadable(Exception):
    """A note's file is damaged, or does not open."""


def keep_entry(entry_id: str, ports: Ports) -> bytes | None:
    """What the note of a protected face holds, sealed; None if it is gone."""
    with ports.reads() as store:
        entry = store.register.get(entry_id)
    if entry is None:
        return None
    try:
        faces = ports.seals.open(entry.key_id, PROTECTED_PURPOSE, entry.sealed)
    except Gone:
        return None
    said = {
        "id": entry.id,
        "purpose": entry.purpose.value,
        "code_sha256": entry.code_sha256,
        "added_at": entry.added_at.isoformat(),
        "face_model": entry.face_model,
        "faces": base64.b64encode(faces).decode(),
    }
    ports.keys.create(NOTES_KEY)
    return ports.seals.seal(NOTES_KEY, _PURPOSE, json.dumps(said).encode())


def keep_limits(subject_id: SubjectId, ports: Ports) -> bytes | None:
    """What the note of a person's setting holds; their words as they are in the row, sealed with their key."""
    with ports.reads() as store:
        mine = store.sharing.get(subject_id)
    if mine.set_at is None:
        return None
    words = base64.b64encode(mine.sealed_limits).decode()
    said = {"set_at": mine.set_at.isoformat(), "review": mine.review, "pictures": mine.pictures, "limits": words}
    return json.dumps(said).encode()


def bring_back(ports: Ports) -> BroughtBack:
    """Once at the start. In ordinary life the database knows everything that was noted, and nothing happens but that
    entries from before there were notes get one."""
    if not ports.notes.kept:
        return BroughtBack()
    ports.keys.create(NOTES_KEY)  # by now, so that the first copy of the keys has it
    entries, broken = _each(_missing(ports), _entry_back, ports)
    limits, also_broken = _each(ports.notes.limits(), _limits_back, ports)
    marks, broken_too = _each(ports.notes.unmarked(), _unmark, ports)
    return BroughtBack(entries, limits, marks, broken + also_broken + broken_too)


def _each(notes: Sequence[Note], bring: Any, ports: Ports) -> tuple[int, int]:
    back = unreadable = 0
    for note in notes:
        try:
            back += bring(note, ports)
        except _Unreadable:
            unreadable += 1
    return back, unreadable


def _missing(ports: Ports) -> list[Note]:
    with ports.reads() as store:
        known = set(store.register.ids())
    noted = ports.notes.protected()
    for entry_id in known - {note.thing_id for note in noted}:
        with ports.transactions() as store:
            store.note_protected(entry_id)
    return [note for note in noted if note.thing_id not in known]


def _entry_back(note: Note, ports: Ports) -> bool:
    """An entry that was removed since is not brought back: its tombstone is in the key ring."""
    with ports.transactions() as store:
        store.templates.revision(lock=True)
        store.register.begin_key(note.thing_id, ports.clock.now())
    try:
        ports.keys.create(note.subject_id)
        said, faces = _opened(note, ports)
        sealed = ports.seals.seal(note.subject_id, PROTECTED_PURPOSE, faces)
    except Gone:
        ports.notes.forget(note.subject_id)
        return False
    with ports.transactions() as store:
        store.templates.revision(lock=True)
        if not store.register.end_key(note.thing_id) or store.register.get(note.thing_id) is not None:
            return False  # another process was faster
        _add(store, _entry(said, sealed), faces, ports)
    return True


def _opened(note: Note, ports: Ports) -> tuple[dict[str, Any], bytes]:
    """What the note says, and the template. Raises _Unreadable."""
    found = note.read()
    if found is None or note.subject_id != key_of(note.thing_id):
        raise _Unreadable
    try:
        said = json.loads(ports.seals.open(NOTES_KEY, _PURPOSE, found[1]))
    except Invalid as e:
        raise _Unreadable from e
    if said["id"] != note.thing_id:
        raise _Unreadable
    return said, base64.b64decode(said["faces"])


def _entry(said: dict[str, Any], sealed: bytes) -> ProtectedFace:
    added_at = dt.datetime.fromisoformat(said["added_at"])
    purpose = ProtectionPurpose(said["purpose"])
    return ProtectedFace(said["id"], purpose, sealed, said["code_sha256"], added_at, said["face_model"])


def _add(store: Store, entry: ProtectedFace, faces: bytes, ports: Ports) -> None:
    """As when it was made: without effect against whoever is enrolled with that face, until an operator says so."""
    if entry.face_model == ports.recogniser.id:
        register.add(store, entry, unpack(faces, ports.recogniser.dimensions), ports)
    else:
        store.register.add(entry)


def _limits_back(note: Note, ports: Ports) -> bool:
    """The later word of two is the person's. Whoever is not there, or never said any, has nobody to be limited."""
    said = _limits(note)
    with ports.reads() as store:
        if store.erasures.of_subject(said.subject_id, ports.receipts.fingerprint(said.subject_id)) is not None:
            ports.notes.forget(said.subject_id)  # whoever was to do that was killed between the erasure and this
            return False
        if not _is_older(store.sharing.get(said.subject_id), said):
            return False
    with ports.transactions() as store:
        store.lock_subject(said.subject_id)
        mine = store.sharing.get(said.subject_id)
        if not _is_older(mine, said):
            return False
        try:
            open_limits(said.subject_id, said.sealed_limits, ports)
        except Gone:
            return False
        except (Invalid, NotFound) as e:
            raise _Unreadable from e
        store.sharing.save(replace(said, level=mine.level))
    return True


def _is_older(mine: Sharing, said: Sharing) -> bool:
    return mine.set_at is not None and said.set_at is not None and mine.set_at < said.set_at


def _limits(note: Note) -> Sharing:
    """All but the level, which other notes are for. Raises _Unreadable."""
    found = note.read()
    try:
        said = json.loads(found[1] if found else b"")
        set_at = dt.datetime.fromisoformat(said["set_at"])
        words = base64.b64decode(said["limits"], validate=True)
        review, pictures = bool(said["review"]), int(said["pictures"])
    except (ValueError, KeyError, TypeError) as e:
        raise _Unreadable from e
    return Sharing(SubjectId(note.subject_id), review=review, pictures=pictures, sealed_limits=words, set_at=set_at)


def _unmark(note: Note, ports: Ports) -> bool:
    """Grants given to the app end with its mark, as they did then."""
    found = note.read()
    if found is None:
        raise _Unreadable
    subject_id = SubjectId(note.subject_id)
    with ports.reads() as store:
        app = store.apps.get(subject_id)
        if app is None or app.verified_at >= found[0]:
            return False
    with ports.transactions() as store:
        unverify_in(store, subject_id, ports)
    return True
