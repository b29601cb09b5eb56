"""Real faces engine, real pictures of people who do not exist: what a person's library looks like afterwards.

Also the small measurement that the default thresholds rest on.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from semblance.faces import FaceEngine
from semblance.ingest.adapters.picture_codec import PillowCodec
from semblance.ingest.domain.errors import UnusableFile
from semblance.ingest.domain.grouping import Known, likest_other
from semblance.ingest.domain.photo import PhotoState, bits_apart
from semblance.ingest.handlers import library, people
from semblance.ingest.ml.face_reader import EngineFaceReader
from semblance.ingest.settings import IngestSettings
from semblance.kernel.ids import PersonId
from semblance.synthetic_people import bundled

if TYPE_CHECKING:
    from conftest import Service

Embeddings = dict[str, list[np.ndarray]]


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _template(name: str, engine: FaceEngine) -> np.ndarray:
    """What identity would keep of somebody: the mean of the resting frames of their capture."""
    frames = [_pixels(frame.read()) for frame in bundled.capture(name) if frame.action == "rest"]
    mean = np.mean([engine.embed(image, engine.detect(image)[0]) for image in frames], axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


@pytest.fixture
def real(service: Service, engine: FaceEngine) -> Service:
    """The service with real faces, for the first bundled person."""
    service.identity.templates[service.subject] = _template("ana", engine)
    return replace(service, ports=replace(service.ports, faces=EngineFaceReader(engine)))


def test_a_whole_library_is_sorted(real: Service, engine: FaceEngine) -> None:
    verdicts: dict[str, str] = {}
    for photo in bundled.people()["ana"].photos:
        try:
            verdicts[photo.path.name] = real.upload(photo.read()).reason_code
        except UnusableFile as error:
            verdicts[photo.path.name] = error.code
    assert {name: code for name, code in verdicts.items() if code} == {
        "copy.jpg": "duplicate",
        "near.jpg": "near-duplicate",
        "broken.jpg": "truncated",
    }
    real.work()
    shown = [of for of in library.list_photos(real.subject, "", 0, real.ports)[0] if of.photo.reason_code == ""]
    assert len(shown) == 12
    assert all(of.photo.state is PhotoState.ACCEPTED for of in shown)
    assert all(sum(face.face.own for face in of.faces) == 1 for of in shown)
    group = next(of for of in shown if len(of.faces) == 3)
    assert group.photo.verdict == "Used, your own face only: 2 other people are left out and never learnt from."
    persons = people.list_people(real.subject, real.ports)
    assert [(person.own, len(person.faces)) for person in persons] == [(True, 12), (False, 1), (False, 1)]
    assert len(library.training_photos(real.subject, real.ports)) == 12


def test_somebody_elses_photos_are_refused(real: Service) -> None:
    for name in ("bo", "cleo", "dan"):
        for photo in bundled.person_photos(name)[:2]:
            real.upload(photo.read())
    real.work()
    shown = library.list_photos(real.subject, "", 0, real.ports)[0]
    assert [of.photo.reason_code for of in shown] == ["own-face-missing"] * 6
    assert people.list_people(real.subject, real.ports) == []


def test_other_people_are_told_apart_and_found_again(real: Service, engine: FaceEngine) -> None:
    """Pictures of two: the subject beside each of three others, twice."""
    for name in ("bo", "cleo", "dan"):
        for k in range(2):
            pair = [_pixels(bundled.person_photos(who)[k + 3 * (who == "ana")].read()) for who in ("ana", name)]
            both = np.concatenate(
                [cv2.resize(image, (400, 400), interpolation=cv2.INTER_AREA) for image in pair], axis=1
            )
            out = io.BytesIO()
            Image.fromarray(both).save(out, "JPEG", quality=92)
            real.upload(out.getvalue())
    real.work()
    persons = people.list_people(real.subject, real.ports)
    assert [(person.own, len(person.faces)) for person in persons] == [(True, 6), (False, 2), (False, 2), (False, 2)]


def test_a_blurred_photo_is_called_blurry_and_a_tiny_face_tiny(real: Service) -> None:
    sharp = _pixels(bundled.person_photos("ana")[0].read())
    blurred = cv2.GaussianBlur(sharp, (0, 0), 11)
    tiny = np.full((600, 600, 3), 200, np.uint8)
    tiny[200:270, 200:270] = cv2.resize(sharp, (70, 70), interpolation=cv2.INTER_AREA)
    reasons = []
    for image in (blurred, tiny, np.full((300, 300, 3), 90, np.uint8)):
        out = io.BytesIO()
        Image.fromarray(image).save(out, "PNG")
        photo = real.upload(out.getvalue())
        real.work()
        reasons.append(library.get_photo(real.subject, photo.id, real.ports).photo.reason_code)
    assert reasons == ["too-blurry", "face-too-small", "no-face"]


@pytest.fixture(scope="module")
def embeddings(engine: FaceEngine) -> Embeddings:
    """Every bundled portrait's face, by person."""
    found: Embeddings = {}
    for name in bundled.people():
        for photo in bundled.person_photos(name, ("portrait",)):
            image = _pixels(photo.read())
            faces = engine.detect(image)
            assert len(faces) == 1
            found.setdefault(name, []).append(engine.embed(image, faces[0]))
    return found


def test_one_photo_of_a_friend_is_the_friend_who_may_be_seen(embeddings: Embeddings) -> None:
    """Every single photo of everybody, in a friend's library, beside all others in their own: none stays a stranger."""
    same_person = IngestSettings().grouping_threshold + 0.2
    for name, own in embeddings.items():
        for i, face in enumerate(own):
            theirs = np.delete(np.stack(own), i, axis=0)
            of_friend = [Known(PersonId(name), face[None], own=False)]
            assert likest_other(face, of_friend, same_person=same_person, depicted=[theirs]) == -1.0
            for other in embeddings.keys() - {name}:
                shown = np.stack(embeddings[other])
                assert likest_other(face, of_friend, same_person=same_person, depicted=[shown]) > 0.99


def test_the_grouping_threshold_parts_the_bundled_people(embeddings: Embeddings) -> None:
    """The measurement: cosines of each face with the mean of a person's other faces, and of other people's faces."""
    threshold = IngestSettings().grouping_threshold
    same, other = [], []
    for name, own in embeddings.items():
        stacked = np.stack(own)
        for i, face in enumerate(own):
            rest = np.delete(stacked, i, axis=0)
            for known in (rest[:1], rest[:3], rest):
                mean = known.mean(axis=0)
                same.append(float(face @ (mean / np.linalg.norm(mean))))
        mean = stacked.mean(axis=0)
        mean /= np.linalg.norm(mean)
        other += [float(face @ mean) for who, faces in embeddings.items() if who != name for face in faces]
    assert np.mean(np.array(same) >= threshold) >= 0.97
    assert np.mean(np.array(other) >= threshold) == 0
    assert max(other) < threshold - 0.05


def test_the_near_duplicate_threshold_parts_copies_from_other_photos() -> None:
    codec = PillowCodec(max_pixels=50_000_000)
    allowed = IngestSettings().near_duplicate_bits
    different: list[int] = []
    for name in bundled.people():
        hashes = [codec.normalise(photo.read()).dhash for photo in bundled.person_photos(name)]
        different += [bits_apart(a, b) for a, b in combinations(hashes, 2)]
    assert min(different) > 3 * allowed
    sound = Image.open(io.BytesIO(bundled.person_photos("ana")[0].read()))
    changes: list[Callable[[Image.Image], Image.Image]] = [
        lambda image: image.resize((256, 256)),
        lambda image: image.point(lambda value: min(255, int(value * 1.15))),
        lambda image: image.convert("L").convert("RGB"),
    ]
    for change in changes:
        out = io.BytesIO()
        change(sound).save(out, "JPEG", quality=60)
        before = codec.normalise(bundled.person_photos("ana")[0].read()).dhash
        assert bits_apart(before, codec.normalise(out.getvalue()).dhash) <= allowed
