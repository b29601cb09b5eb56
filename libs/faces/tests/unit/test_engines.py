"""One suite for every engine, on people who do not exist: SFace by OpenCV and by DeepFace, other models of DeepFace."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from semblance.faces import (
    ARCFACE_TEMPLATE,
    MODELS,
    SFACE,
    SFACE_FILE,
    YUNET_FILE,
    FaceEngine,
    FaceModel,
    FaceModelMissing,
    FaceModelUnusable,
    InvalidImage,
    OpenCvFaceEngine,
    UnknownFaceModel,
    model_named,
    similarity,
)
from semblance.faces.arrays import RgbU8
from semblance.faces.choice import load_engine
from semblance.faces.deepface_engine import DeepFaceEngine
from semblance.synthetic_people import Picture, bundled

Portraits = Mapping[int, list[Picture]]
Untrained = Callable[..., Path]


def _resized(image: RgbU8, size_px: int) -> RgbU8:
    method = cv2.INTER_AREA if size_px < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=method), dtype=np.uint8)


def _all(portraits: Portraits) -> list[Picture]:
    return [picture for pictures in portraits.values() for picture in pictures]


@pytest.mark.parametrize("size_px", [64, 256, 1500])
def test_one_face_in_every_portrait_at_the_right_place(engine: FaceEngine, portraits: Portraits, size_px: int) -> None:
    for picture in _all(portraits)[:: 1 if size_px < 1000 else 6]:
        faces = engine.detect(_resized(picture.pixels, size_px))
        assert len(faces) == 1
        truth = np.array(picture.truth.landmarks_px) * size_px / picture.pixels.shape[0]
        eyes_px = np.linalg.norm(truth[1] - truth[0])
        assert np.linalg.norm(faces[0].landmarks - truth, axis=1).mean() < 0.35 * eyes_px
        assert faces[0].landmarks.dtype == np.float32
        assert 0.7 <= faces[0].score_0_1 <= 1


def test_small_faces_in_a_large_group_picture_are_found(engine: FaceEngine, portraits: Portraits) -> None:
    canvas = np.full((2000, 3000, 3), 128, dtype=np.uint8)
    corners = [(x, y) for y in (100, 900, 1700) for x in range(150, 2800, 400)]
    for (x, y), picture in zip(corners, _all(portraits), strict=False):
        canvas[y : y + 140, x : x + 140] = _resized(picture.pixels, 140)
    canvas[300:812, 1200:1712] = _resized(_all(portraits)[-1].pixels, 512)
    faces = engine.detect(canvas)
    assert len(faces) == len(corners) + 1


def test_everybody_in_a_group_photo_is_found_once(engine: FaceEngine) -> None:
    photo = bundled.person_photos("ana", ("group",))[0]
    image = np.asarray(Image.open(photo.path).convert("RGB"))
    noses = np.array([face.landmarks[2] for face in engine.detect(image)])
    truths = np.array([truth.landmarks_px[2] for truth in photo.truths])
    assert len(noses) == len(truths) == 3
    assert np.linalg.norm(noses[:, None] - truths[None], axis=-1).min(axis=0).max() < 20


def test_nothing_is_found_where_nobody_is(engine: FaceEngine) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    for image in (np.zeros((64, 64, 3), np.uint8), np.full((480, 640, 3), 255, np.uint8), noise):
        assert engine.detect(image) == []


def test_a_person_is_more_like_themselves_than_like_others(trained: FaceEngine, portraits: Portraits) -> None:
    embeddings = {
        seed: [trained.embed(p.pixels, trained.detect(p.pixels)[0]) for p in pictures[:3]]
        for seed, pictures in portraits.items()
    }
    own = [similarity(a, b) for e in embeddings.values() for a, b in combinations(e, 2)]
    others = [similarity(a, b) for x, y in combinations(embeddings.values(), 2) for a in x for b in y]
    if trained.model == SFACE:  # where cosines lie is a model's own; their order is not
        assert np.mean(own) > 0.6
        assert np.mean(others) < 0.4
    # Area under the ROC curve: the share of (own, other) pairs in the right order.
    assert np.mean(np.array(own)[:, None] > np.array(others)[None, :]) > 0.97


def test_embeddings_are_unit_float32(engine: FaceEngine, portraits: Portraits) -> None:
    picture = _all(portraits)[0].pixels
    embedding = engine.embed(picture, engine.detect(picture)[0])
    assert embedding.shape == (engine.model.dimensions,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def test_the_engines_agree(opencv: FaceEngine, deepface: FaceEngine, portraits: Portraits) -> None:
    for picture in _all(portraits)[::5]:
        one, other = opencv.detect(picture.pixels)[0], deepface.detect(picture.pixels)[0]
        assert one.box.overlap_0_1(other.box) > 0.99
        assert similarity(opencv.embed(picture.pixels, one), deepface.embed(picture.pixels, other)) > 0.999


def test_our_alignment_agrees_with_opencvs(opencv: FaceEngine, models_dir: Path, portraits: Portraits) -> None:
    reference = cv2.FaceRecognizerSF.create(str(models_dir / SFACE_FILE), "")
    for picture in _all(portraits)[::7]:
        face = opencv.detect(picture.pixels)[0]
        row = np.array([*vars(face.box).values(), *face.landmarks.ravel(), face.score_0_1], dtype=np.float32)
        crop = reference.alignCrop(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR), row)
        theirs = reference.feature(crop)[0]
        assert similarity(opencv.embed(picture.pixels, face), theirs / np.linalg.norm(theirs)) > 0.98


def test_many_threads_get_the_same_answers(engine: FaceEngine, portraits: Portraits) -> None:
    pictures = [_resized(p.pixels, size) for p, size in zip(_all(portraits)[::3], (64, 200, 256, 400) * 2, strict=True)]
    alone = [(engine.detect(p)[0].score_0_1, engine.embed(p, engine.detect(p)[0])) for p in pictures]
    wrong: list[int] = []

    def work(i: int) -> None:
        face = engine.detect(pictures[i])[0]
        if face.score_0_1 != alone[i][0] or similarity(engine.embed(pictures[i], face), alone[i][1]) < 0.9999:
            wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(pictures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((0, 64, 3), np.uint8),
        np.zeros((7, 64, 3), np.uint8),
    ],
    ids=["grey", "alpha", "float", "empty", "flat"],
)
def test_what_is_no_image_is_refused(engine: FaceEngine, image: RgbU8) -> None:
    with pytest.raises(InvalidImage):
        engine.detect(image)


@pytest.mark.parametrize("kind", [OpenCvFaceEngine, DeepFaceEngine])
def test_missing_models_say_how_to_get_them(kind: type[OpenCvFaceEngine], tmp_path: Path) -> None:
    with pytest.raises(FaceModelMissing) as caught:
        kind(tmp_path)
    assert "semblance.local.models fetch" in caught.value.remedy


def test_an_engine_says_whose_numbers_it_makes(
    opencv: FaceEngine, deepface: FaceEngine, arcface: FaceEngine, untrained: Untrained, tmp_path: Path
) -> None:
    assert opencv.model == deepface.model == SFACE
    other = DeepFaceEngine(untrained(tmp_path, seed=2), MODELS["deepface:ArcFace"])
    assert other.model.id.startswith("deepface:ArcFace@")
    assert other.model.id != arcface.model.id, "two files of one name are two models"
    assert DeepFaceEngine(tmp_path, MODELS["deepface:ArcFace"]).model == other.model


def test_two_folders_in_one_process_stay_two_models(
    arcface: FaceEngine, portraits: Portraits, untrained: Untrained, tmp_path: Path
) -> None:
    picture = _all(portraits)[0].pixels
    face = arcface.detect(picture)[0]
    before = arcface.embed(picture, face)
    other = DeepFaceEngine(untrained(tmp_path, seed=2), MODELS["deepface:ArcFace"])
    assert abs(similarity(other.embed(picture, face), before)) < 0.5
    assert similarity(arcface.embed(picture, face), before) > 0.9999


def test_weights_of_another_network_are_refused_when_loaded(untrained: Untrained, tmp_path: Path) -> None:
    model = MODELS["deepface:ArcFace"]
    with pytest.raises(FaceModelUnusable, match="128 numbers"):
        DeepFaceEngine(untrained(tmp_path, seed=1, dimensions=128), model)
    (tmp_path / model.file).write_bytes(b"not a model")
    with pytest.raises(FaceModelMissing, match="cannot be read"):
        DeepFaceEngine(tmp_path, model)


@pytest.mark.parametrize("model", [m for m in MODELS.values() if m != SFACE], ids=lambda m: m.id)
def test_a_model_without_weights_names_the_file_and_fetches_nothing(
    model: FaceModel, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("DeepFace tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    (tmp_path / YUNET_FILE).symlink_to(models_dir / YUNET_FILE)
    with pytest.raises(FaceModelMissing, match=re.escape(f"{model.file} is not in {tmp_path}")) as caught:
        load_engine(model, tmp_path)
    assert "models folder" in caught.value.remedy


def test_settings_name_models() -> None:
    assert model_named("deepface:SFace") == model_named(SFACE.id) == SFACE
    with pytest.raises(UnknownFaceModel, match="DeepID") as caught:
        model_named("deepface:DeepID")
    assert "deepface:Facenet512" in caught.value.remedy


def test_sface_is_shown_what_opencv_shows_it() -> None:
    assert np.abs(SFACE.template - ARCFACE_TEMPLATE).max() < 1e-3


def test_a_broken_model_file_is_no_model(models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / YUNET_FILE).write_bytes(b"not a model")
    (tmp_path / SFACE_FILE).symlink_to(models_dir / SFACE_FILE)
    with pytest.raises(FaceModelMissing, match="cannot be read"):
        OpenCvFaceEngine(tmp_path)


def test_deepface_needs_neither_network_nor_tensorflow(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("DeepFace tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    DeepFaceEngine(models_dir)
    assert "tensorflow" not in sys.modules
