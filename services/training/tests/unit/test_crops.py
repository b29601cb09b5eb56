import cv2
import numpy as np
import pytest

from semblance.faces import Box, Embedding, Face, Points, RgbU8
from semblance.training.domain.errors import UnreadablePhoto
from semblance.training.ml.crops import cover, decode, own_face
from semblance.training.ml.strangers import panel, strangers_to
from semblance.training.ports import Photo

FRAMING = np.array([(12, 14), (20, 14), (16, 18), (13, 23), (19, 23)], np.float32)


def points_at(x: float, y: float, scale: float = 4.0) -> Points:
    return ((FRAMING - FRAMING.mean(axis=0)) * scale + (x, y)).astype(np.float32)


def face_at(x: float, y: float) -> Face:
    return Face(Box(x - 30, y - 40, 60, 80), points_at(x, y), 0.9)


class TwoFaces:
    """Finds a face at two places; embeds the mean colour under the landmarks."""

    def detect(self, image: RgbU8) -> list[Face]:
        return [face_at(180, 100), face_at(60, 100)]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        x, y = face.landmarks.mean(axis=0).astype(int)
        return np.asarray(image[y, x], np.float32) / 255


def noisy(height: int = 200, width: int = 240) -> RgbU8:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def jpeg(image: RgbU8) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes())


def test_another_persons_face_is_blurred_and_the_own_one_is_not() -> None:
    image = noisy()
    own, other = face_at(60, 100), face_at(180, 100)
    covered = cover(image, own.box, [other.box])
    assert np.array_equal(covered[70:130, 40:80], image[70:130, 40:80])
    before, after = image[70:130, 160:200].astype(float), covered[70:130, 160:200].astype(float)
    assert after.std() < 0.2 * before.std()
    assert np.array_equal(image, noisy())  # the photo itself is not changed


def test_a_face_that_overlaps_leaves_the_own_face_whole() -> None:
    image = noisy()
    covered = cover(image, Box(30, 60, 60, 80), [Box(70, 60, 60, 80)])
    assert np.array_equal(covered[95:105, 45:75], image[95:105, 45:75])


def test_the_landmarks_say_whose_face_is_learnt() -> None:
    image = noisy()
    image[80:120, 40:80] = (255, 0, 0)
    image[80:120, 160:200] = (0, 255, 0)
    for x, colour in ((60, (1, 0, 0)), (180, (0, 1, 0))):
        landmarks = tuple((float(a), float(b)) for a, b in points_at(x, 100))
        own = own_face(Photo(jpeg(image), landmarks), TwoFaces(), FRAMING, 32)
        assert own.crop.shape == (32, 32, 3)
        assert np.allclose(own.embedding, colour)
        assert np.allclose(own.crop[17, 16] / 255, colour, atol=0.1)


def test_a_face_that_is_not_found_again_is_cut_by_its_landmarks() -> None:
    class Blind(TwoFaces):
        def detect(self, image: RgbU8) -> list[Face]:
            return []

    landmarks = tuple((float(a), float(b)) for a, b in points_at(60, 100))
    own = own_face(Photo(jpeg(noisy()), landmarks), Blind(), FRAMING, 32)
    assert own.crop.std() > 0


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff"])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadablePhoto):
        decode(data)


def test_the_panel_is_of_many_strangers_and_never_of_the_person() -> None:
    everybody = panel()
    assert len(everybody) >= 24
    assert all(face.shape == (128,) and abs(float(np.linalg.norm(face)) - 1) < 1e-5 for face in everybody)
    between = np.stack(everybody) @ np.stack(everybody).T
    assert between[np.triu_indices(len(everybody), 1)].mean() < 0.45
    person = everybody[3]
    rest = strangers_to(everybody, person)
    assert not any(np.array_equal(face, person) for face in rest)
    assert len(rest) < len(everybody)


def test_pixels_and_landmarks_are_not_printed() -> None:
    assert repr(Photo(b"secret", ((1.0, 2.0),))) == "Photo()"
