import numpy as np
import pytest
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    AdapterUnusable,
    Backbone,
    RenderRequest,
    TrainingPicture,
    changes_nothing,
    draw_nobody,
    draw_other_words,
    draw_others,
    draw_photos,
    lora_settings,
    render,
    together,
    train_lora,
)
from semblance.diffusion.adapter import unpack
from semblance.diffusion.strength import scaled
from semblance.diffusion.testing import REFERENCE_SIZE

Reference = NDArray[np.float32] | None


def stranger(number: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(100 + number).normal(size=REFERENCE_SIZE).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def apart(a: object, b: object) -> int:
    return int(np.abs(np.asarray(a).astype(int) - np.asarray(b)).max())


def test_nobody_is_drawn_without_trigger_and_reference_and_the_same_every_time(backbone: Backbone, lora: bytes) -> None:
    ticks: list[tuple[int, int]] = []
    bare = draw_nobody(backbone, None, 2, on_step=lambda done, of: ticks.append((done, of)))
    assert ticks == [(k, 12) for k in range(1, 13)]  # four prompts of three steps
    assert len(bare) == 8
    assert apart(bare, draw_nobody(backbone, None, 2)) == 0
    assert apart(bare, draw_nobody(backbone, lora, 2)) > 1
    assert apart(bare, draw_photos(backbone, Adapter(), 2)) > 1
    first = render(backbone, RenderRequest("a photo of a person", 2_000_003, count=2), None)
    assert apart(first, bare[:2]) == 0
    backbone.require_bare()


def test_somebody_elses_pictures_do_not_depend_on_who_else_is_drawn(backbone: Backbone, lora: bytes) -> None:
    if backbone.reference_size is None:
        with pytest.raises(AdapterUnusable, match="no reference"):
            draw_others(backbone, lora, {0: stranger(0)}, 1)
        return
    both = draw_others(backbone, lora, {3: stranger(3), 7: stranger(7)}, 2)
    assert len(both) == 4
    assert apart(both[2:], draw_others(backbone, lora, {7: stranger(7)}, 2)) == 0
    assert apart(both[:2], draw_others(backbone, lora, {3: stranger(4)}, 2)) > 1
    assert apart(both, draw_others(backbone, None, {3: stranger(3), 7: stranger(7)}, 2)) > 1
    backbone.require_bare()


def test_another_word_and_both_adapters_for_a_backbone_of_words(
    backbone: Backbone, lora: bytes, other_lora: bytes
) -> None:
    alone = draw_other_words(backbone, lora, 1)
    assert len(alone) == 4
    assert apart(alone, draw_other_words(backbone, None, 1)) > 1
    assert apart(alone, draw_nobody(backbone, lora, 1)) > 1
    with_other = draw_other_words(backbone, lora, 1, beside=other_lora)
    assert apart(with_other, alone) > 1
    assert apart(with_other, draw_other_words(backbone, other_lora, 1)) > 1
    assert apart(draw_other_words(backbone, None, 1, beside=other_lora), draw_other_words(backbone, other_lora, 1)) == 0
    backbone.require_bare()


def test_two_loras_together_are_the_sum_of_both(backbone: Backbone, lora: bytes, other_lora: bytes) -> None:
    a, b, both = unpack(lora), unpack(other_lora), unpack(together(lora, other_lora))
    down = next(key for key in both if ".lora_A." in key and both[key].ndim == 2)
    up = down.replace(".lora_A.", ".lora_B.")
    np.testing.assert_allclose(both[up] @ both[down], a[up] @ a[down] + b[up] @ b[down], atol=1e-5)
    once = draw_photos(backbone, Adapter(lora), 1)
    assert apart(once, draw_photos(backbone, Adapter(together(lora, scaled(other_lora, 0.0))), 1)) <= 1
    with pytest.raises(AdapterUnusable):
        together(lora, b"no lora")
    fewer = lora_settings(backbone.config.lora, text_targets=())
    picture = TrainingPicture(np.zeros((32, 32, 3), np.uint8), backbone.config.caption)
    narrow = train_lora(backbone, [picture], fewer, progress=lambda *_: None, cancelled=lambda: False)
    with pytest.raises(AdapterUnusable, match="different layers"):
        together(lora, narrow)


def test_zeros_change_nothing(lora: bytes) -> None:
    assert not changes_nothing(lora)
    assert not changes_nothing(scaled(lora, 0.5))
    assert changes_nothing(scaled(lora, 0.0))
