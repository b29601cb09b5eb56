from __future__ import annotations

import cv2
import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM
from semblance.synthetic_people.bundled import capture, people, person_photos


def rgb(data: bytes) -> np.ndarray | None:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.ascontiguousarray(image[:, :, ::-1])


def test_nobody_bundled_was_trained_on() -> None:
    seeds = [truth.identity for p in people().values() for photo in p.photos for truth in photo.truths]
    assert list(people()) == ["ana", "bo", "cleo", "dan"]
    assert min(seeds) >= HELD_OUT_FROM


def test_everybody_has_twelve_sound_photos_and_a_capture() -> None:
    for name, who in people().items():
        assert len(person_photos(name)) == 12
        assert 20 <= len(who.frames) <= 30
        assert {f.action for f in who.frames} == {"rest", "turn_left", "turn_right", "nod", "blink", "smile"}
        assert len({photo.truths[0].attributes["place"] for photo in person_photos(name, ("portrait",))}) >= 11


def test_ana_brings_the_bad_inputs() -> None:
    by_kind = {photo.kind: photo for photo in people()["ana"].photos}
    assert len(by_kind["group"].truths) == 3
    copy = by_kind["duplicate"]
    assert copy.read() == (copy.path.parents[2] / copy.of).read_bytes()
    near = by_kind["near_duplicate"]
    assert near.read() != (near.path.parents[2] / near.of).read_bytes()
    assert not by_kind["unreadable"].truths
    assert not by_kind["unreadable"].read().endswith(b"\xff\xd9"), "a JPEG that ends in the middle"


@pytest.mark.parametrize("name", ["ana", "bo", "cleo", "dan"])
def test_yunet_finds_every_face_where_the_truth_says(name: str, eyes) -> None:
    for photo in person_photos(name):
        image = rgb(photo.read())
        assert image is not None
        found = eyes.faces(image)
        assert len(found) == len(photo.truths), photo.path.name
        for truth in photo.truths:
            x, y, w, h = truth.box_px
            middles = [(f[0] + f[2] / 2, f[1] + f[3] / 2) for f in found]
            assert any(x < mx < x + w and y < my < y + h for mx, my in middles), photo.path.name


def test_every_photo_is_closest_to_its_own_person(eyes) -> None:
    vectors: dict[str, list[np.ndarray]] = {}
    for name in people():
        images = [rgb(photo.read()) for photo in person_photos(name, ("portrait",))]
        vectors[name] = [eyes.embed(image, eyes.faces(image)[0]) for image in images if image is not None]
    for name, own in vectors.items():
        for k, vector in enumerate(own):
            mine = np.mean([vector @ other for j, other in enumerate(own) if j != k])
            others = max(np.mean([vector @ o for o in theirs]) for n, theirs in vectors.items() if n != name)
            assert mine > others + 0.2


def test_a_capture_can_answer_any_order() -> None:
    asked = ("smile", "turn_right", "blink")
    frames = capture("bo", asked)
    assert tuple(dict.fromkeys(f.action for f in frames)) == ("rest", *asked)
    times = [f.at_ms for f in frames]
    assert times == sorted(set(times))
    assert rgb(frames[0].read()).shape == (240, 320, 3)
    assert capture("bo") == people()["bo"].frames
    with pytest.raises(KeyError, match="wink"):
        capture("bo", ("wink",))
