from __future__ import annotations

import pickle

import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM, person
from semblance.synthetic_people.assets import load
from semblance.synthetic_people.face_shape import LIMIT, head_of
from semblance.synthetic_people.people import OLDEST_YEARS, YOUNGEST_YEARS
from semblance.synthetic_people.relatives import look_alike, relative, sibling


def test_a_seed_is_one_person_in_any_process() -> None:
    first = person(HELD_OUT_FROM + 1)
    person.cache_clear()
    assert person(HELD_OUT_FROM + 1) == first
    assert pickle.loads(pickle.dumps(first)) == first
    assert person(HELD_OUT_FROM + 2) != first


def test_everybody_is_an_adult() -> None:
    ages = [person(seed).age_years for seed in range(400)]
    assert min(ages) >= YOUNGEST_YEARS >= 25
    assert max(ages) <= OLDEST_YEARS


def test_the_pack_holds_no_child_no_body_and_no_unlicensed_eyes() -> None:
    pack = load()
    assert not [name for name in pack.targets if "baby" in name or "child" in name]
    assert not [name for name in pack.meshes if "eye" in name.lower().split("/")[0]]
    shown = pack.base[np.unique(pack.triangles)]
    assert shown[:, 1].min() > 4.2, "nothing below the upper chest"


def test_people_are_drawn_evenly() -> None:
    drawn = [person(seed) for seed in range(600)]
    women = sum(p.sex == "female" for p in drawn) / len(drawn)
    assert 0.44 < women < 0.56
    for k in range(3):
        share = np.mean([p.ancestry[k] for p in drawn])
        assert 0.28 < share < 0.39
    assert {p.age_word for p in drawn} == {"young", "middle-aged", "old"}
    assert len({p.hair.style for p in drawn}) >= 12
    assert not [p for p in drawn if p.sex == "female" and p.hair.beard != "none"]


def test_sliders_stay_in_range_and_name_real_targets() -> None:
    targets = load().targets
    for seed in range(50):
        for name, weight in person(seed).sliders:
            assert name in targets
            assert 0 <= weight <= LIMIT * 1.11


def test_two_heads_differ_and_a_head_cannot_be_written_to() -> None:
    one, other = head_of(person(1)), head_of(person(2))
    assert np.abs(one - other).max() > 0.05
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 0


def test_likeness_controls_how_far_a_relative_is() -> None:
    of = person(HELD_OUT_FROM + 11)
    face = load().base[:, 1] > 6.3

    def distance(likeness: float) -> float:
        near = [head_of(relative(of, HELD_OUT_FROM + 200 + k, likeness)) for k in range(6)]
        return float(np.mean([np.abs(head - head_of(of))[face].mean() for head in near]))

    assert distance(0.95) < distance(0.6) < distance(0.1)
    with pytest.raises(ValueError, match="likeness"):
        relative(of, 1, 1.5)


def test_siblings_share_ancestry_and_look_alikes_share_looks() -> None:
    of = person(HELD_OUT_FROM + 11)
    kin = [sibling(of, HELD_OUT_FROM + 300 + k) for k in range(8)]
    assert {k.ancestry for k in kin} == {of.ancestry}
    assert all(abs(k.age_years - of.age_years) <= 10 for k in kin)
    assert {k.sex for k in kin} == {"female", "male"}
    for k in kin:
        assert all(f"_{k.sex}" in name for name, _ in k.skin.blend)
        assert sum(weight for _, weight in k.skin.blend) == pytest.approx(1, abs=0.01)
    twin = look_alike(of, HELD_OUT_FROM + 300)
    assert (twin.sex, twin.hair, twin.age_years) == (of.sex, of.hair, of.age_years)
    assert twin.seed != of.seed
