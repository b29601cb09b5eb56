"""A change of the face model: nothing is compared with what another model made, nobody is overlooked in silence."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from semblance.faces import MODELS, SFACE_FILE, YUNET_FILE
from semblance.faces import SFACE as FACES_SFACE
from semblance.identity import main
from semblance.identity.adapters import tables
from semblance.identity.adapters.gallery import MemoryGallery
from semblance.identity.adapters.start import look_at_face_models
from semblance.identity.domain.errors import OtherFaceModel, ProtectionConflict, RegisterLeftBehind
from semblance.identity.domain.matching import Embedding, parse_embedding
from semblance.identity.domain.protection import ProtectionPurpose
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.domain.session import SessionState
from semblance.identity.handlers import register
from semblance.identity.handlers.faces import find_matches
from semblance.identity.handlers.left_behind import is_left_behind
from semblance.identity.handlers.register import ProtectFace, protect_face
from semblance.identity.ports import Ports
from semblance.identity.settings import IdentitySettings
from semblance.kernel.errors import Kind
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit.migrations import downgrade
from semblance.synthetic_people import bundled

both = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
DLIB = Recogniser("deepface:Dlib@0123456789ab", 128)
FETCHED = Path(os.environ.get("SEMBLANCE_MODELS_DIR", Path(__file__).parents[4] / ".cache" / "models")).resolve()
CODE_SHA256 = hashlib.sha256(b"a code").hexdigest()
THRESHOLDS = ("match", "enrolled_elsewhere", "protected", "same_photographed", "same_face", "turned_same_face")


def started_with(desk: Any, recogniser: Recogniser, *, left_behind: int = 0) -> Ports:
    """The ports of a process that the same database is given to."""
    return dataclasses.replace(
        desk.ports,
        recogniser=recogniser,
        gallery=MemoryGallery(desk.ports.seals, desk.ports.keys, recogniser, left_behind=left_behind),
        rules=dataclasses.replace(desk.ports.rules, register_left_behind=left_behind),
    )


def protected(ports: Ports, person: int, entry_id: str = "") -> str:
    command = ProtectFace(entry_id or new_id(), ProtectionPurpose.SELF, [str(person).encode()], CODE_SHA256)
    protect_face(command, ports)
    return command.entry_id


def test_this_service_and_the_library_call_sface_the_same() -> None:
    assert (SFACE.id, SFACE.dimensions) == (FACES_SFACE.id, FACES_SFACE.dimensions)


def test_numbers_of_another_model_are_refused_whatever_their_count() -> None:
    values = [float(v) for v in np.eye(128)[0]]
    assert parse_embedding(values).shape == parse_embedding(values, SFACE.id).shape == (128,)
    for made_by, ours in [
        ("", DLIB),
        (SFACE.id, DLIB),
        (DLIB.id, SFACE),
        (DLIB.id, Recogniser("deepface:Dlib@f", 128)),
    ]:
        with pytest.raises(OtherFaceModel) as refused:
            parse_embedding(values, made_by, ours)
        assert refused.value.kind is Kind.INVALID
        assert "IDENTITY_FACE_MODEL" in refused.value.remedy


@both
def test_people_of_the_old_model_are_nobodys_match_and_are_told(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    ada, _ = desk.opted_in(person=1)
    now = started_with(desk, DLIB)
    found = find_matches(ada, [desk.face(1)], now)
    assert (found.enrolled, found.opt_in_again, found.faces[0].own, found.faces[0].scores.own) == (
        False,
        True,
        False,
        -1,
    )
    stranger = find_matches(SubjectId(new_id()), [desk.face(1)], now)
    assert (stranger.enrolled, stranger.opt_in_again, stranger.faces[0].other) == (False, False, False)
    assert is_left_behind(ada, now)
    assert not is_left_behind(ada, desk.ports)
    with caplog.at_level(logging.WARNING):
        look_at_face_models(now)
    (record,) = [r for r in caplog.records if "opt in again" in r.getMessage()]
    assert (record.count, record.face_model) == (1, DLIB.id)


@both
def test_opting_in_again_replaces_what_the_old_model_made(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    before, desk.ports = desk.ports, started_with(desk, DLIB)
    assert desk.submitted(desk.opened(ada), person=1).state is SessionState.SUCCEEDED
    found = find_matches(ada, [desk.face(1)], desk.ports)
    assert (found.enrolled, found.opt_in_again, found.faces[0].own) == (True, False, True)
    with desk.ports.reads() as store:
        assert store.templates.models_of(ada) == {DLIB.id}
        assert store.templates.people_of_other_models(DLIB.id) == 0
    back = find_matches(ada, [desk.face(1)], dataclasses.replace(before, gallery=started_with(desk, SFACE).gallery))
    assert (back.enrolled, back.opt_in_again) == (False, True)


@both
def test_an_entry_never_stops_protecting_in_silence(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    ada, _ = desk.opted_in(person=1)
    protected(desk.ports, 5)
    now = started_with(desk, DLIB)
    with pytest.raises(RegisterLeftBehind, match="1 entries") as refused:
        look_at_face_models(now)
    assert "IDENTITY_REGISTER_LEFT_BEHIND=1" in refused.value.remedy
    for _ in range(2):
        with pytest.raises(RegisterLeftBehind):
            find_matches(ada, [desk.face(5)], now)
    accepted = started_with(desk, DLIB, left_behind=1)
    with caplog.at_level(logging.CRITICAL):
        look_at_face_models(accepted)
    assert [r.count for r in caplog.records if r.levelno == logging.CRITICAL] == [1]
    assert not find_matches(ada, [desk.face(5)], accepted).faces[0].protected
    protected(accepted, 6)
    assert find_matches(ada, [desk.face(6)], accepted).faces[0].protected


@both
def test_a_process_of_the_old_model_that_still_runs_is_noticed(desk: Any) -> None:
    now = started_with(desk, DLIB)
    ada = SubjectId(new_id())
    assert find_matches(ada, [desk.face(5)], now).faces[0].protected is False
    protected(desk.ports, 5)
    with pytest.raises(RegisterLeftBehind):
        find_matches(ada, [desk.face(5)], now)


def test_an_entry_of_the_old_model_sent_again_is_not_taken_for_protected(desk: Any) -> None:
    entry_id = protected(desk.ports, 5)
    protected(desk.ports, 5, entry_id)
    with pytest.raises(ProtectionConflict):
        protected(started_with(desk, DLIB, left_behind=1), 5, entry_id)


def test_another_count_of_numbers_goes_the_whole_way(desk: Any) -> None:
    wide = Recogniser("deepface:ArcFace@0123456789ab", 512)

    def face(person: int) -> Embedding:
        vector = np.random.default_rng(person).normal(size=512).astype(np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    class Photos:
        def read(self, photos: Sequence[bytes]) -> list[Embedding]:
            return [face(int(photo)) for photo in photos]

    ports = dataclasses.replace(started_with(desk, wide), photos=Photos())
    command = ProtectFace(new_id(), ProtectionPurpose.SELF, [b"5", b"5"], CODE_SHA256)
    protect_face(command, ports)
    asked = [parse_embedding(face(person).tolist(), wide.id, wide) for person in (5, 6)]
    assert [m.protected for m in find_matches(SubjectId(new_id()), asked, ports).faces] == [True, False]


@both
def test_what_was_there_before_the_column_is_sface(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    downgrade(desk.database.engine, main.MIGRATIONS, "0006")
    desk.database.migrate(main.MIGRATIONS)
    with desk.database.read() as session:
        assert set(session.scalars(sa.select(tables.templates.c.face_model))) == {SFACE.id}
    assert find_matches(ada, [desk.face(1)], started_with(desk, SFACE)).faces[0].own


def test_another_model_needs_thresholds_of_its_own() -> None:
    with pytest.raises(ValidationError, match="make bench-identity MODEL=deepface:Dlib") as refused:
        IdentitySettings(face_model="deepface:Dlib", match_threshold=0.9, internal_token="hush-hush")
    said = str(refused.value)
    assert "hush" not in said
    assert all(f"IDENTITY_{name.upper()}_THRESHOLD" in said for name in THRESHOLDS if name != "match")
    assert "IDENTITY_MATCH_THRESHOLD" not in said
    given = {f"{name}_threshold": 0.9 for name in THRESHOLDS}
    assert IdentitySettings(face_model="deepface:Dlib", **given).match_threshold == 0.9
    assert IdentitySettings(face_model="deepface:SFace").match_threshold == 0.6
    with pytest.raises(ValidationError, match="runs sface-2021dec only"):
        IdentitySettings(face_model="deepface:Dlib", face_engine="opencv", **given)
    with pytest.raises(ValidationError, match="deepface:Facenet512"):
        IdentitySettings(face_model="facenet")


@pytest.fixture
def dlib_settings(tmp_path: Path) -> IdentitySettings:
    """A models folder with DeepFace's Dlib, as an operator would make it."""
    package = find_spec("face_recognition_models")  # found, not imported: it wants setuptools
    if package is None or not package.submodule_search_locations or find_spec("dlib") is None:
        pytest.skip("dlib-bin and face_recognition_models (requirements/pocket.txt) are not installed")
    file = MODELS["deepface:Dlib"].file
    (tmp_path / file).symlink_to(Path(next(iter(package.submodule_search_locations))) / "models" / file)
    for file in (YUNET_FILE, SFACE_FILE):
        (tmp_path / file).symlink_to(FETCHED / file)
    given = {f"{name}_threshold": 0.94 for name in THRESHOLDS}
    return IdentitySettings(face_model="deepface:Dlib", models_dir=tmp_path, **given)


def test_the_register_protects_by_another_real_model(desk: Any, dlib_settings: IdentitySettings) -> None:
    matcher = main.matcher_of(dlib_settings)
    ours = Recogniser(matcher.model.id, matcher.model.dimensions)
    readers = main.readers_of(dlib_settings, matcher)
    ports = main.ports_of(
        dlib_settings, desk.database, desk.keyring, desk.ports.seals, readers=readers, clock=desk.clock, recogniser=ours
    )
    ana, others = _portraits("ana"), [photo for name in ("bo", "cleo", "dan") for photo in _portraits(name)[:1]]
    command = ProtectFace(new_id(), ProtectionPurpose.SELF, ana[:2], CODE_SHA256)
    protect_face(command, ports)
    (kept,) = register.list_protected("", 10, ports)
    assert kept.face_model == ours.id
    assert ours.id.startswith("deepface:Dlib@")
    asked = [
        parse_embedding(face.tolist(), ours.id, ours)
        for photo in (ana[2], *others)
        for face in readers[1].read([photo])
    ]
    found = find_matches(SubjectId(new_id()), asked, ports).faces
    assert [m.protected for m in found] == [True, False, False, False]


def _portraits(name: str) -> list[bytes]:
    return [photo.path.read_bytes() for photo in bundled.person_photos(name, ("portrait",))[:3]]
