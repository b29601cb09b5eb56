"""Half a face and its mirror image; and an ear, which is no face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.faces import Box, RgbU8
from semblance.faces.scanning import OnnxFaceScanner
from semblance.safety.bench import scenes
from semblance.safety.main import engine_of, eyes_of
from semblance.safety.ml import halves
from semblance.safety.ml.halves import HalfFace
from semblance.safety.ml.looking import FaceLooker, LookRules
from semblance.safety.settings import SafetySettings

SETTINGS = SafetySettings(models_dir=Path(__file__).parents[4] / ".cache" / "models")
PICTURE = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
PLACE = Box(100, 100, 50, 50)


@pytest.fixture(scope="module")
def looker() -> FaceLooker:
    return FaceLooker(OnnxFaceScanner(SETTINGS.models_dir), LookRules())


def half_covered(looker: FaceLooker, name: str, *, left: bool) -> RgbU8:
    """A portrait of 256 px in the middle of a plain picture, half of its face under a plain colour."""
    image = np.full((768, 768, 3), 150, np.uint8)
    image[256:512, 256:512] = cv2.resize(scenes.portrait(name, 0), (256, 256), interpolation=cv2.INTER_AREA)
    (face,) = looker.faces(image, thorough=False)
    middle = round(face.box.x_px + face.box.width_px / 2)
    image[256:512, slice(256, middle) if left else slice(middle, 512)] = (40, 90, 60)
    return image


@pytest.mark.parametrize("left", [True, False])
def test_half_a_face_is_found_and_compared_as_a_whole_one(looker: FaceLooker, left: bool) -> None:
    engine = engine_of(SETTINGS)
    (face,) = looker.faces(half_covered(looker, "dan", left=left), thorough=False)
    assert isinstance(face, HalfFace)
    portrait = scenes.portrait("dan", 0)
    whole = engine.embed(portrait, engine.detect(portrait)[0])
    assert engine.embed(face.completed, face.there) @ whole > SETTINGS.own_floor


@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_a_folded_square_is_its_own_mirror_image_about_the_fold(turned_deg: int) -> None:
    for view in halves.folded(PICTURE, PLACE, turned_deg):
        reach = min(view.fold_px, view.image.shape[1] - view.fold_px)
        left, right = view.image[:, view.fold_px - reach : view.fold_px], view.image[:, view.fold_px :][:, :reach]
        assert (left == right[:, ::-1]).all()
        again = halves.finer(PICTURE, PLACE, view)
        fold, there = (v.to_picture @ (v.fold_px, v.image.shape[0] / 2, 1.0) for v in (view, again))
        assert np.allclose(fold, there, atol=0.5)
        assert again.keeps_left is view.keeps_left


def test_the_thorough_way_takes_no_ear_for_a_face() -> None:
    """A picture of 256 px in which it once did is among these."""
    eyes = eyes_of(SETTINGS.model_copy(update={"thorough": True}))
    small = [scene.image for scene in scenes.own_pictures(None, 6) if scene.kind == "at 256 px"]
    assert [len(eyes.faces(image)) for image in small] == [1] * 6
