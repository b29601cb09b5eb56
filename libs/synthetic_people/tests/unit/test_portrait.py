from __future__ import annotations

import hashlib

import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM, Picture, face_shape, person, render, scene, skin
from semblance.synthetic_people.scenes import PLACES, STYLES


def sha(picture: Picture) -> str:
    return hashlib.sha256(picture.pixels.tobytes()).hexdigest()


def test_the_same_seeds_give_the_same_pixels() -> None:
    who = person(HELD_OUT_FROM + 3)
    first = render(who, scene(who, 5), 96)
    skin.texture_of.cache_clear()
    face_shape.head_of.cache_clear()
    assert sha(render(who, scene(who, 5), 96)) == sha(first)
    assert sha(render(who, scene(who, 6), 96)) != sha(first)


def test_a_picture_has_the_size_asked_for() -> None:
    who = person(HELD_OUT_FROM + 4)
    for size in (64, 80, 200):
        pixels = render(who, scene(who, 1, style="photo"), size).pixels
        assert pixels.shape == (size, size, 3)
        assert pixels.dtype == np.uint8
        assert pixels.std() > 10


@pytest.mark.parametrize("style", STYLES)
def test_every_style_draws(style: str) -> None:
    who = person(HELD_OUT_FROM + 5)
    pixels = render(who, scene(who, 2, style=style, jpeg_quality=0), 96).pixels
    assert pixels.std() > 10
    if style in ("pencil sketch", "black and white photo"):
        assert (pixels[..., 0] == pixels[..., 1]).all()
        assert (pixels[..., 0] == pixels[..., 2]).all()


@pytest.mark.parametrize("place", PLACES)
def test_every_place_draws(place: str) -> None:
    who = person(HELD_OUT_FROM + 6)
    made = scene(who, 2, style="photo", place=place)
    assert made.place == place
    assert render(who, made, 64).pixels.std() > 5


def test_the_face_box_contains_the_landmarks() -> None:
    for seed in range(HELD_OUT_FROM, HELD_OUT_FROM + 12):
        who = person(seed)
        truth = render(who, scene(who, seed), 64).truth
        x, y, w, h = truth.box_px
        assert all(x <= px <= x + w and y <= py <= y + h for px, py in truth.landmarks_px)
        assert truth.identity == seed
        assert 0 <= truth.occluded_0_1 <= 1


def test_landmarks_have_yunets_order() -> None:
    who = person(HELD_OUT_FROM + 11)
    made = scene(who, 1, style="photo", yaw_deg=0.0, roll_deg=0.0, pitch_deg=0.0)
    right_eye, left_eye, nose, right_mouth, left_mouth = render(who, made, 128).truth.landmarks_px
    assert right_eye[0] < nose[0] < left_eye[0], "the person's right eye is on the image's left"
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert right_eye[1] < nose[1] < right_mouth[1]


def test_yaw_turns_the_nose_to_the_images_right() -> None:
    who = person(HELD_OUT_FROM + 11)
    nose = {}
    for yaw in (-30.0, 30.0):
        points = render(who, scene(who, 1, style="photo", yaw_deg=yaw, roll_deg=0.0), 128).truth.landmarks_px
        nose[yaw] = points[2][0] - (points[0][0] + points[1][0]) / 2
    assert nose[-30.0] < 0 < nose[30.0]


def test_yunet_agrees_with_the_truth(eyes) -> None:
    off: list[float] = []
    for seed in range(HELD_OUT_FROM + 20, HELD_OUT_FROM + 28):
        who = person(seed)
        made = scene(who, 3, style="photo", yaw_deg=10.0, hat="", blur_px=0.0)
        picture = render(who, made, 224)
        (face,) = eyes.faces(picture.pixels)
        apart = face[4:14].reshape(5, 2) - np.array(picture.truth.landmarks_px)
        off += (np.linalg.norm(apart, axis=1) / picture.truth.box_px[2]).tolist()
    assert np.median(off) < 0.08, "of the width of the face"


def test_a_fringe_over_an_eye_is_counted_as_occlusion() -> None:
    straight = {"style": "photo", "hat": "", "yaw_deg": 0.0, "roll_deg": 0.0, "pitch_deg": 0.0}
    fringed, bald = (person(HELD_OUT_FROM + k) for k in (4, 33))
    assert (fringed.hair.style, bald.hair.style) == ("bob02", "bald")
    hidden = [render(who, scene(who, 1, **straight), 64).truth.occluded_0_1 for who in (fringed, bald)]
    assert hidden[0] > hidden[1] + 0.1


def test_overrides_reach_every_part_of_a_scene() -> None:
    who = person(HELD_OUT_FROM + 2)
    made = scene(who, 1, style="cartoon", yaw_deg=12.0, azimuth_deg=-20.0, half_height=1.5, hat="beanie")
    got = (made.style, made.yaw_deg, made.light.azimuth_deg, made.camera.half_height, made.clothes.hat)
    assert got == ("cartoon", 12.0, -20.0, 1.5, "beanie")
    with pytest.raises(TypeError, match="zoom"):
        scene(who, 1, zoom=3)
