import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from semblance.diffusion import Adapter, Backbone, LoraSettings, at_best_strength, draw_photos
from semblance.diffusion import training_picture as named
from semblance.diffusion.adapter import unpack
from semblance.diffusion.captions import COLOURLESS, off_one_tone
from semblance.diffusion.config import lora_settings
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.strength import scaled

Reference = NDArray[np.float32] | None


def test_a_scaled_lora_moves_the_up_weights_alone(lora: bytes) -> None:
    whole, half = unpack(lora), unpack(scaled(lora, 0.5))
    assert whole.keys() == half.keys()
    for name, tensor in whole.items():
        expected = tensor * 0.5 if ".lora_B." in name else tensor
        np.testing.assert_allclose(half[name].numpy(), expected.numpy())


def test_at_no_strength_the_pictures_are_the_backbones(backbone: Backbone, lora: bytes, reference: Reference) -> None:
    bare = np.stack(draw_photos(backbone, Adapter(None, reference), 1))
    none = np.stack(draw_photos(backbone, Adapter(scaled(lora, 0.0), reference), 1))
    full = np.stack(draw_photos(backbone, Adapter(lora, reference), 1))
    assert np.abs(bare.astype(int) - none).max() <= 1
    assert np.abs(bare.astype(int) - full).max() > 1


@pytest.mark.parametrize("wanted", [1.0, 0.5, 0.0])
def test_the_strength_whose_pictures_are_most_alike_is_kept(
    backbone: Backbone, lora: bytes, reference: Reference, wanted: float
) -> None:
    target = np.stack(draw_photos(backbone, Adapter(scaled(lora, wanted), reference), 2, seed=1_000_003))
    ticks: list[tuple[int, int]] = []
    kept = at_best_strength(
        backbone,
        Adapter(lora, reference),
        (0.0, 1.0, 0.5),
        lambda made: -float(np.abs(np.stack(made).astype(int) - target).mean()),
        on_step=lambda done, of: ticks.append((done, of)),
    )
    assert kept.lora == scaled(lora, wanted)
    assert ticks == [(k, 36) for k in range(1, 37)]  # three strengths, four prompts, three steps


def test_equal_strengths_keep_the_stronger_and_a_single_one_draws_nothing(backbone: Backbone, lora: bytes) -> None:
    if backbone.reference_size is None:
        assert at_best_strength(backbone, Adapter(lora), (0.5, 1.0), lambda _: 0.0).lora == scaled(lora, 1.0)
    own = Adapter(lora)

    def never(_: object) -> float:
        raise AssertionError("nothing is to be compared")

    assert at_best_strength(backbone, own, (1.0,), never) is own
    assert at_best_strength(backbone, own, (0.5,), never).lora == scaled(lora, 0.5)


def test_strengths_have_limits() -> None:
    for wrong in ((), (1.5,), (-0.1, 1.0)):
        with pytest.raises(RequestInvalid, match="strengths"):
            lora_settings(LoraSettings(), strengths=wrong)


def gradient(tint: tuple[float, float, float]) -> NDArray[np.uint8]:
    luma = np.linspace(20, 220, 64 * 64).reshape(64, 64, 1)
    return np.asarray(luma * np.array(tint), np.uint8)


@pytest.mark.parametrize("tint", [(1, 1, 1), (1.0, 0.84, 0.64)])
@pytest.mark.parametrize("quality", [0, 60])
def test_a_photo_of_one_tone_is_called_black_and_white(
    backbone: Backbone, tint: tuple[float, float, float], quality: int
) -> None:
    photo = gradient(tint)
    if quality:
        data = cv2.imencode(".jpg", photo[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        photo = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)
    seen = named(photo, backbone.config)
    assert seen.caption == "a black and white photo of sks person"
    assert (seen.image[..., 0] == seen.image[..., 2]).all()
    assert seen.image.shape == photo.shape


def test_a_photo_with_colours_stays_as_it_is(backbone: Backbone) -> None:
    photo = gradient((1, 1, 1))
    photo[:30] = photo[:30] // np.array([1, 2, 4], np.uint8)
    assert off_one_tone(photo) > COLOURLESS
    seen = named(photo, backbone.config)
    assert seen.caption == backbone.config.caption
    assert seen.image is photo
