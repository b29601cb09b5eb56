from __future__ import annotations

import numpy as np

from semblance.synthetic_people import HELD_OUT_FROM, caption, person, scene


def test_a_caption_says_what_was_drawn() -> None:
    who = person(HELD_OUT_FROM + 11)
    where = scene(who, 1, style="photo", place="on a beach", expression="smiling", hat="", yaw_deg=0.0)
    text = caption(who, where, np.random.default_rng(0))
    assert text == "a photo of a young woman with long brown hair, smiling, on a beach"


def test_a_named_subject_keeps_the_scene_but_not_the_looks() -> None:
    who = person(HELD_OUT_FROM + 11)
    where = scene(who, 1, style="oil painting", place="at night", expression="neutral", hat="hat", yaw_deg=30.0)
    text = caption(who, where, np.random.default_rng(0), subject="sks person")
    assert text == "an oil painting of sks person, wearing a hat, looking to the right, at night"


def test_less_detail_says_less() -> None:
    who = person(HELD_OUT_FROM + 17)
    where = scene(who, 1, style="photo")
    rng = np.random.default_rng(0)
    assert caption(who, where, rng, detail=0.0) == "a photo of a woman"
    assert len({caption(who, where, rng, detail=0.5) for _ in range(20)}) > 3


def test_bearded_and_bald_people_are_described() -> None:
    who = person(HELD_OUT_FROM + 56)
    where = scene(who, 1, style="photo", hat="", expression="neutral", yaw_deg=0.0, place="outdoors")
    assert caption(who, where, np.random.default_rng(0)) == "a photo of a young man, bald, with a short beard, outdoors"
