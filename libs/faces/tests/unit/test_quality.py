"""Quality numbers move the way the picture does; yaw is held to what the pictures are known to show."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from semblance.faces import FaceEngine, InvalidLandmarks, pitch_ratio, quality, yaw_deg
from semblance.synthetic_people import HELD_OUT_FROM, Picture, person, render, scene


def _first(portraits: Mapping[int, list[Picture]]) -> Picture:
    return next(iter(portraits.values()))[0]


def test_blur_lowers_sharpness(opencv: FaceEngine, portraits: Mapping[int, list[Picture]]) -> None:
    sharp = _first(portraits).pixels
    face = opencv.detect(sharp)[0]
    blurred = [np.asarray(cv2.GaussianBlur(sharp, (0, 0), sigma), np.uint8) for sigma in (1, 2, 4, 8, 12)]
    values = [quality(image, face).sharpness for image in (sharp, *blurred)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 10 < values[0]


def test_brightness_and_size_are_the_pictures(opencv: FaceEngine, portraits: Mapping[int, list[Picture]]) -> None:
    image = _first(portraits).pixels
    face = opencv.detect(image)[0]
    dark = (image // 4).astype(np.uint8)
    assert quality(dark, face).brightness_0_1 < quality(image, face).brightness_0_1 / 3
    assert quality(image, face).size_px == pytest.approx(min(face.box.width_px, face.box.height_px))


def test_yaw_follows_the_turned_head(opencv: FaceEngine) -> None:
    errors = []
    for i in range(4):
        who = person(HELD_OUT_FROM + 520 + i)
        for turned in (-25.0, 0.0, 25.0):
            picture = render(who, scene(who, 3, style="photo", yaw_deg=turned, pitch_deg=0.0, roll_deg=0.0), 256)
            measured = yaw_deg(opencv.detect(picture.pixels)[0].landmarks)
            errors.append(abs(measured - turned))
            mirrored = np.ascontiguousarray(picture.pixels[:, ::-1])
            assert yaw_deg(opencv.detect(mirrored)[0].landmarks) == pytest.approx(-measured, abs=10)
    assert np.mean(errors) < 8
    assert max(errors) < 20


def test_pitch_ratio_rises_when_looking_down(opencv: FaceEngine) -> None:
    who = person(HELD_OUT_FROM + 530)
    ratios = []
    for pitch in (-15.0, 0.0, 15.0):
        picture = render(who, scene(who, 3, style="photo", yaw_deg=0.0, pitch_deg=pitch, roll_deg=0.0), 256)
        ratios.append(pitch_ratio(opencv.detect(picture.pixels)[0].landmarks))
    assert ratios == sorted(ratios)


def test_points_in_one_place_have_no_pose() -> None:
    with pytest.raises(InvalidLandmarks):
        yaw_deg(np.zeros((5, 2), np.float32))
    with pytest.raises(InvalidLandmarks):
        pitch_ratio(np.zeros((5, 2), np.float32))
