from dataclasses import replace

import cv2
import numpy as np
import pytest

from semblance.training.domain.dataset import DatasetRules, PhotoFacts, score
from semblance.training.ml.measuring import FacePhotoMeter
from semblance.training.ports import Photo, PhotoOnFile

RULES = DatasetRules(min_photos=5)
LANDMARKS = ((38.0, 52.0), (74.0, 52.0), (56.0, 72.0), (42.0, 92.0), (71.0, 92.0))


def varied(count: int) -> list[PhotoFacts]:
    """Photos with nothing against them: sharp, large, turned, lit and composed in different ways."""
    rng = np.random.default_rng(1)
    return [
        PhotoFacts(
            photo_id=f"photo-{n}",
            face_px=300,
            sharpness=200,
            brightness_0_1=0.3 + 0.05 * (n % 6),
            yaw_deg=-20.0 + 8 * (n % 6),
            pitch_ratio=0.4 + 0.03 * (n % 6),
            dhash=rng.bytes(32).hex(),
        )
        for n in range(count)
    ]


def codes(photos: list[PhotoFacts]) -> list[str]:
    return [finding.code for finding in score(photos, RULES).findings]


def test_many_varied_photos_have_full_marks() -> None:
    found = score(varied(12), RULES)
    assert (found.score, found.photos, found.enough, found.findings) == (100, 12, True, ())


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"sharpness": 10}, "soft-photos"),
        ({"face_px": 50}, "small-faces"),
        ({"brightness_0_1": 0.1}, "bad-light"),
        ({"dhash": "0" * 64}, "repeats"),
        ({"others": 1}, "others-in-them"),
    ],
)
def test_what_is_wrong_with_some_photos_names_them_and_costs_by_their_share(
    spoilt: dict[str, float], code: str
) -> None:
    photos = varied(12)
    some = [replace(photo, **spoilt) if n < 6 else photo for n, photo in enumerate(photos)]
    everything = [replace(photo, **spoilt) for photo in photos]
    [finding] = score(some, RULES).findings
    assert finding.code == code
    named = 5 if code == "repeats" else 6  # the first of them is no repeat
    assert finding.photo_ids == tuple(f"photo-{n}" for n in range(6 - named, 6))
    assert finding.advice
    assert score(everything, RULES).score < score(some, RULES).score < 100


def test_one_pose_and_one_light_are_said_of_the_whole() -> None:
    alike = [replace(photo, yaw_deg=1, pitch_ratio=0.5, brightness_0_1=0.5) for photo in varied(12)]
    assert codes(alike) == ["one-pose", "one-light"]
    assert score(alike, RULES).score == 75


def test_a_few_photos_with_somebody_beside_are_no_harm() -> None:
    assert codes([replace(photo, others=1) if n < 3 else photo for n, photo in enumerate(varied(12))]) == []


def test_more_photos_are_better_and_too_few_are_nothing() -> None:
    scores = [score(varied(count), RULES) for count in (0, 4, 5, 8, 12)]
    assert [found.enough for found in scores] == [False, False, True, True, True]
    assert [found.score for found in scores[:2]] == [0, 0]
    assert scores[2].score < scores[3].score < scores[4].score
    assert codes(varied(4))[0] == "too-few-photos"


def test_a_photo_is_measured_where_ingest_found_the_face() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    on_file = PhotoOnFile("one", "key", LANDMARKS, face_px=80, others=2, dhash="f" * 64)
    pictures = [noise, cv2.GaussianBlur(noise, (0, 0), 4)]
    sharp, soft = (
        FacePhotoMeter().measure(on_file, Photo(cv2.imencode(".png", picture)[1].tobytes(), LANDMARKS))
        for picture in pictures
    )
    assert soft.sharpness < RULES.sharpness < sharp.sharpness
    assert (sharp.face_px, sharp.others, sharp.dhash, sharp.photo_id) == (80, 2, "f" * 64, "one")
    assert 0.4 < sharp.brightness_0_1 < 0.6
    assert abs(sharp.yaw_deg) < 5
