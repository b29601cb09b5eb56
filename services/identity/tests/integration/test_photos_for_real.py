"""Photos of the bundled synthetic people on the protected register, with the real detector and recogniser."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from semblance.faces import OpenCvFaceEngine
from semblance.identity import main
from semblance.identity.domain.errors import InvalidProtection
from semblance.identity.domain.matching import least_alike
from semblance.identity.domain.protection import ProtectionPurpose
from semblance.identity.handlers import faces
from semblance.identity.handlers.register import ProtectFace, protect_face
from semblance.identity.settings import IdentitySettings
from semblance.kernel.errors import QuotaExceeded
from semblance.kernel.ids import SubjectId, new_id
from semblance.synthetic_people import bundled

MODELS = Path(__file__).parents[4] / ".cache" / "models"
NAMES = tuple(bundled.people())
SHA256 = "0" * 64


def photos(name: str, count: int) -> list[bytes]:
    return [photo.path.read_bytes() for photo in bundled.person_photos(name, ("portrait",))[:count]]


def jpeg(pixels: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(out, options.pop("format", "JPEG"), **options)
    return out.getvalue()


def pixels_of(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture(scope="module")
def reader() -> Any:
    return main.readers_of(IdentitySettings(models_dir=MODELS, face_engine="opencv"))[1]


def test_one_persons_photos_are_measured(reader: Any) -> None:
    for name in NAMES:
        found = reader.read(photos(name, 3))
        assert len(found) == 3
        assert least_alike(found) > 0.6
        assert all(abs(float(np.linalg.norm(face)) - 1) < 1e-3 for face in found)


def test_every_format_that_is_taken_gives_the_same_face(reader: Any) -> None:
    data = photos(NAMES[0], 1)[0]
    (original,) = reader.read([data])
    pixels = pixels_of(data)
    sideways = Image.Exif()
    sideways[0x0112] = 6  # orientation: turn by 90 degrees to the right
    for other in (
        jpeg(pixels, format="PNG"),
        jpeg(pixels, format="WEBP", quality=95),
        jpeg(np.rot90(pixels), quality=95, exif=sideways),
        jpeg(cv2.resize(pixels, None, fx=6, fy=6), quality=95),
    ):
        assert float(reader.read([other])[0] @ original) > 0.9


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda a, _b: [b"\xff\xd8\xff not a picture"], "unreadable-photo"),
        (lambda a, _b: [a[: len(a) // 2]], "unreadable-photo"),
        (lambda a, _b: [b"GIF89a" + a], "unreadable-photo"),
        (lambda a, _b: [jpeg(np.full((300, 300, 3), 120))], "no-face"),
        (lambda a, b: [jpeg(np.hstack([pixels_of(a), pixels_of(b)]))], "several-faces"),
        (lambda a, b: [a, b], "not-one-person"),
        (lambda a, _b: [jpeg(cv2.resize(pixels_of(a), (96, 96)))], "face-too-small"),
        (lambda a, _b: [jpeg(cv2.GaussianBlur(pixels_of(a), (0, 0), 10))], "too-blurry"),
        (lambda a, _b: [jpeg(np.zeros((8000, 8000, 3)))], "too-many-pixels"),
    ],
)
def test_photos_that_do_not_do_are_refused_with_the_reason(reader: Any, made: Any, code: str) -> None:
    (a,), (b,) = photos(NAMES[0], 1), photos(NAMES[1], 1)
    with pytest.raises(InvalidProtection) as refused:
        reader.read(made(a, b))
    assert refused.value.code == code
    assert refused.value.remedy


def test_more_at_once_than_memory_allows_are_put_off() -> None:
    settings = IdentitySettings(models_dir=MODELS, face_engine="opencv", captures_at_once=1, capture_wait_s=0.01)
    reader = main.readers_of(settings)[1]
    with reader._slots, pytest.raises(QuotaExceeded):
        reader.read(photos(NAMES[0], 1))
    assert reader.read(photos(NAMES[0], 1))


def test_a_protected_person_is_known_in_other_photos_and_nobody_else_is(desk: Any, reader: Any) -> None:
    desk.ports = dataclasses.replace(desk.ports, photos=reader)
    protected = NAMES[0]
    command = ProtectFace(new_id(), ProtectionPurpose.SELF, photos(protected, 2), SHA256)
    protect_face(command, desk.ports)
    engine = OpenCvFaceEngine(MODELS)
    for name in NAMES:
        for data in photos(name, 6)[2:]:
            rgb = pixels_of(data)
            embedding = engine.embed(rgb, engine.detect(rgb)[0])
            [match] = faces.find_matches(SubjectId(new_id()), [embedding], desk.ports).faces
            assert match.protected == (name == protected)
