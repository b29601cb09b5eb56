"""A backup that is older than what was noted outside of it: the register, limits and apps' marks are as they were."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.notes import LogNotes
from semblance.identity.domain.protection import ProtectionPurpose, key_of
from semblance.identity.domain.review import ReviewState
from semblance.identity.domain.sharing import Level
from semblance.identity.handlers import apps, erasure, faces, noted, register, reviews
from semblance.identity.handlers.noted import NOTES_KEY, BroughtBack, bring_back
from semblance.identity.handlers.register import ProtectFace, protect_face, remove_protection
from semblance.identity.handlers.sharing import SetSharing, get_sharing, set_sharing
from semblance.identity.main import kept_of
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import owing, testing
from semblance.service_kit.taken_back import Kind, TakenBackLog

CODE = "a removal code"


class Loss:
    """A desk whose log is kept, and a disk that loses what came after a moment."""

    def __init__(self, desk: Any, folder: Path) -> None:
        self.desk, self.folder = desk, folder
        desk.ports = dataclasses.replace(desk.ports, notes=LogNotes(TakenBackLog(folder)))
        self.work = owing.begin(desk.database, folder, kept_of(desk.ports))
        bring_back(desk.ports)
        desk.clock.advance(1)

    def backed_up(self) -> None:
        self._keys = dict(self.desk.keyring._keys)
        with self.desk.database.read() as session:
            self._rows = {table: session.execute(sa.select(table)).all() for table in reversed(_tables())}
        self.desk.clock.advance(60)

    def restored(self) -> None:
        """Rows and keys as they were; tombstones lie outside of the backup, and keys that they name stay destroyed."""
        self.desk.clock.advance(60)
        destroyed = self.desk.keyring._destroyed
        self.desk.keyring._keys = {name: key for name, key in self._keys.items() if name not in destroyed}
        with self.desk.database.transaction() as unit:
            for table in _tables():
                unit.session.execute(sa.delete(table))
            for table, rows in self._rows.items():
                for row in rows:
                    unit.session.execute(sa.insert(table).values(row._asdict()))
        register.finish_removals(self.desk.ports)

    def files(self, kind: Kind) -> list[Path]:
        return sorted(self.folder.glob(f"{kind.value}.*"))


def _tables() -> list[sa.Table]:
    return [table for table in reversed(t.metadata.sorted_tables) if not table.name.startswith("gallery")]


@pytest.fixture
def loss(desk: Any, tmp_path: Path) -> Loss:
    return Loss(desk, tmp_path / "log" / "taken-back")


def protected(loss: Loss, person: int) -> str:
    sha256 = hashlib.sha256(CODE.encode()).hexdigest()
    command = ProtectFace(new_id(), ProtectionPurpose.GUARDIAN, [str(person).encode()], sha256)
    protect_face(command, loss.desk.ports)
    return command.entry_id


def is_protected(loss: Loss, subject_id: SubjectId, person: int) -> bool:
    """To a process that knows nothing yet."""
    desk = loss.desk
    gallery = type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys)
    ports = dataclasses.replace(desk.ports, gallery=gallery)
    return bool(faces.find_matches(subject_id, [desk.face(person)], ports).faces[0].protected)


def test_a_face_protected_since_the_backup_is_protected_after_the_restore(loss: Loss) -> None:
    ada, _ = loss.desk.opted_in(person=1)
    before = protected(loss, 4)
    loss.backed_up()
    since, removed = protected(loss, 5), protected(loss, 6)
    remove_protection(removed, CODE, loss.desk.ports)
    remove_protection(before, CODE, loss.desk.ports)
    assert [path.name.rsplit(".", 1)[1] for path in loss.files(Kind.PROTECTED)] == [since]
    [found] = register.list_protected("", 9, loss.desk.ports)

    loss.restored()
    assert not is_protected(loss, ada, 5), "or the test shows nothing"
    assert bring_back(loss.desk.ports) == BroughtBack(entries=1)
    assert [is_protected(loss, ada, person) for person in (4, 5, 6)] == [False, True, False]
    [entry] = register.list_protected("", 9, loss.desk.ports)
    assert dataclasses.replace(entry, sealed=found.sealed) == found
    assert bring_back(loss.desk.ports) == BroughtBack()
    remove_protection(since, CODE, loss.desk.ports)
    assert not loss.files(Kind.PROTECTED)


def test_the_note_of_a_face_opens_with_the_key_ring_alone_and_holds_no_number_of_it(loss: Loss) -> None:
    protected(loss, 5)
    [path] = loss.files(Kind.PROTECTED)
    [entry] = register.list_protected("", 9, loss.desk.ports)
    template = loss.desk.ports.seals.open(entry.key_id, register.PROTECTED_PURPOSE, entry.sealed)
    note = LogNotes(TakenBackLog(loss.folder)).protected()[0].read()
    assert note is not None
    assert note[1][:4] == b"SMBL"
    assert template[:16] not in note[1]
    assert path.stat().st_mode & 0o777 == 0o600
    with loss.desk.database.read() as session:
        queued = session.execute(sa.text("SELECT payload FROM work_items")).scalars().all()
    assert [set(json.loads(payload)) for payload in queued] == [{"entry", "at"}], "no backup holds what the note does"
    loss.desk.keyring._keys.pop(NOTES_KEY)
    loss.backed_up()
    with loss.desk.database.transaction() as unit:
        unit.session.execute(sa.delete(t.protected_faces))
    loss.desk.keyring.create(NOTES_KEY)
    assert bring_back(loss.desk.ports) == BroughtBack(unreadable=1)


def test_an_entry_that_comes_back_still_has_no_effect_against_the_enrolled(loss: Loss) -> None:
    ada, _ = loss.desk.opted_in(person=1)
    loss.backed_up()
    protected(loss, 1)
    loss.restored()
    assert bring_back(loss.desk.ports).entries == 1
    assert not is_protected(loss, ada, 1)
    [review] = reviews.list_reviews(ReviewState.OPEN, "", 9, loss.desk.ports)
    assert review.subject_id == ada


def test_an_entry_from_before_there_were_notes_gets_one(loss: Loss) -> None:
    entry_id = protected(loss, 5)
    for path in loss.files(Kind.PROTECTED):
        path.unlink()
    assert bring_back(loss.desk.ports) == BroughtBack()
    assert [path.name for path in loss.files(Kind.PROTECTED)] == [f"protected.{key_of(entry_id)}.{entry_id}"]


def test_a_log_that_is_away_delays_no_protection_and_is_written_when_it_is_back(
    loss: Loss, caplog: pytest.LogCaptureFixture
) -> None:
    ada, _ = loss.desk.opted_in(person=1)
    loss.folder.parent.mkdir(exist_ok=True)
    loss.folder.write_text("a file where the folder should be")
    protected(loss, 5)
    assert is_protected(loss, ada, 5)
    assert "not in the log yet" in caplog.text
    with pytest.raises(Unavailable):  # what cannot be read is not taken for nothing
        bring_back(loss.desk.ports)
    loss.folder.unlink()
    loss.desk.clock.advance(61)
    testing.run_work(loss.work, loss.desk.database)
    assert len(loss.files(Kind.PROTECTED)) == 1


def said(subject_id: SubjectId, *limits: str, review: bool = False, pictures: int = 9) -> SetSharing:
    return SetSharing(subject_id, Level.EVERYONE, review, pictures, limits)


def test_what_a_person_said_last_about_others_counts_after_a_restore(loss: Loss) -> None:
    (ada, _), (bob, _) = loss.desk.opted_in(person=1), loss.desk.opted_in(person=2, device="b")
    for person in (ada, bob):
        set_sharing(said(person), loss.desk.ports)
    loss.backed_up()
    for words in (["no hats"], ["no hats", "no guns"]):
        loss.desk.clock.advance(1)
        set_sharing(said(ada, *words, review=True, pictures=2), loss.desk.ports)
    assert len(loss.files(Kind.LIMITS)) == 2, "the newest of each is enough"
    loss.restored()
    assert bring_back(loss.desk.ports) == BroughtBack(limits=1)
    found = get_sharing(ada, loss.desk.ports)
    assert found.limits == ("no hats", "no guns")
    assert (found.sharing.review, found.sharing.pictures, found.sharing.level) == (True, 2, Level.EVERYONE)
    assert get_sharing(bob, loss.desk.ports).limits == ()
    assert bring_back(loss.desk.ports) == BroughtBack()
    loss.desk.clock.advance(1)
    set_sharing(said(ada), loss.desk.ports)
    assert bring_back(loss.desk.ports) == BroughtBack(), "a later word in the database is the later word"
    erasure.request_erasure(bob, loss.desk.ports)
    assert bring_back(loss.desk.ports) == BroughtBack()
    assert [ada in file.name for file in loss.files(Kind.LIMITS)] == [True], "of somebody erased nothing is left"
    loss.files(Kind.LIMITS)[0].write_bytes(b'{"at": 5}')
    assert bring_back(loss.desk.ports).unreadable == 1


def test_an_app_that_lost_its_mark_is_none_after_a_restore(loss: Loss) -> None:
    ada, bob = SubjectId(new_id()), SubjectId(new_id())
    apps.verify_app(ada, "Photo Booth", loss.desk.ports)
    apps.verify_app(bob, "Other Booth", loss.desk.ports)
    loss.backed_up()
    for app in (ada, bob):
        apps.unverify_app(app, loss.desk.ports)
    loss.desk.clock.advance(1)
    apps.verify_app(bob, "Other Booth", loss.desk.ports)
    assert bring_back(loss.desk.ports) == BroughtBack(), "a mark given again is later than its end"
    loss.restored()
    assert len(apps.list_apps(loss.desk.ports)) == 2
    assert bring_back(loss.desk.ports) == BroughtBack(marks=2)
    assert apps.list_apps(loss.desk.ports) == []


def test_kept_of_knows_every_kind_of_this_service_that_holds_something(loss: Loss) -> None:
    assert set(kept_of(loss.desk.ports)) == {kind for kind in Kind if kind.kept} - {Kind.PASSWORD}
    assert noted.keep_entry(new_id(), loss.desk.ports) is None
    assert noted.keep_limits(SubjectId(new_id()), loss.desk.ports) is None
