"""Rows of one batch with adapters of their own, held against what diffusers draws with each loaded."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from semblance.diffusion import Backbone, load_backbone
from semblance.diffusion.adapter import loaded
from semblance.diffusion.slots import FlatAdapter, Slots, Use, flatten
from semblance.diffusion.slots.testing import layout_of, random_lora, towers_of

TOLERANCE = 1e-4  # of outputs of about 1: float32 sums in another order
LANES = 4
LORAS = 5


@pytest.fixture(scope="module")
def backbone(face_dir: Path) -> Backbone:
    return load_backbone(face_dir)


@pytest.fixture(scope="module")
def loras(backbone: Backbone) -> list[bytes]:
    return [random_lora(backbone, seed) for seed in range(LORAS)]


@pytest.fixture(scope="module")
def flats(backbone: Backbone, loras: list[bytes]) -> list[FlatAdapter]:
    layout = layout_of(backbone)
    return [flatten(lora, layout) for lora in loras]


@pytest.fixture
def slots(backbone: Backbone, flats: list[FlatAdapter]) -> Iterator[Slots]:
    made = Slots(towers_of(backbone), layout_of(backbone), LORAS)
    yield made
    made.detach()
    backbone.require_bare()


class Inputs:
    """Latents, noise levels, words and a face for each lane."""

    def __init__(self, seed: int, lanes: int = LANES) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.latents = torch.randn(lanes, 4, 16, 16, generator=generator)
        self.timesteps = torch.randint(0, 1000, (lanes,), generator=generator)
        self.words = torch.randn(lanes, 24, 32, generator=generator)
        self.face = torch.randn(lanes, 1, 128, generator=generator)

    def swap(self, other: "Inputs", kept: int) -> "Inputs":
        """Another's lanes, but for one."""
        for name in vars(self):
            getattr(other, name)[kept] = getattr(self, name)[kept]
        return other


@torch.no_grad()
def predict(backbone: Backbone, inputs: Inputs) -> torch.Tensor:
    unet = backbone.pipeline.unet
    face = {"image_embeds": [inputs.face]}
    return unet(inputs.latents, inputs.timesteps, inputs.words, added_cond_kwargs=face).sample


def uses(slots: Slots, flats: Sequence[FlatAdapter], strength: float = 1.0) -> list[Use]:
    return [Use(slots.acquire(flat, f"subject-{flat.digest}"), strength) for flat in flats]


def test_every_row_is_what_diffusers_draws_with_its_adapter(
    backbone: Backbone, loras: list[bytes], flats: list[FlatAdapter]
) -> None:
    inputs = Inputs(0)
    wanted, text = [], []
    for lane, lora in enumerate(loras[:LANES]):
        with loaded(backbone, lora):
            wanted.append(predict(backbone, inputs)[lane])
            with torch.no_grad():
                text.append(backbone.pipeline.text_encoder(torch.arange(24).view(1, -1))[0])
    bare = predict(backbone, inputs)
    slots = Slots(towers_of(backbone), layout_of(backbone), LORAS)
    try:
        worn = uses(slots, flats[:LANES])
        slots.bind("unet", [[use] for use in worn])
        made = predict(backbone, inputs)
        for use, one in zip(worn, text, strict=True):
            with slots.uniform("text_encoder", [use]), torch.no_grad():
                assert torch.allclose(
                    backbone.pipeline.text_encoder(torch.arange(24).view(1, -1))[0], one, atol=TOLERANCE, rtol=0
                )
    finally:
        slots.detach()
    assert torch.allclose(made, torch.stack(wanted), atol=TOLERANCE, rtol=0)
    assert float((bare - made).abs().amax((1, 2, 3)).min()) > 100 * TOLERANCE
    assert torch.equal(predict(backbone, inputs), bare)


def test_an_empty_lane_is_the_bare_model(backbone: Backbone, slots: Slots, flats: list[FlatAdapter]) -> None:
    inputs = Inputs(1)
    bare = predict(backbone, inputs)
    slots.bind("unet", [[]] * LANES)
    assert torch.equal(predict(backbone, inputs), bare)
    slots.bind("unet", [[], uses(slots, flats[:1]), [], []])
    mixed = predict(backbone, inputs)
    assert [torch.equal(a, b) for a, b in zip(mixed, bare, strict=True)] == [True, False, True, True]
    slots.unbind("unet")
    assert torch.equal(predict(backbone, inputs), bare)


def test_a_row_keeps_its_bits_whoever_else_is_in_the_batch(
    backbone: Backbone, slots: Slots, flats: list[FlatAdapter]
) -> None:
    own = uses(slots, flats)
    inputs = Inputs(2)
    slots.bind("unet", [[own[0]], [own[1]], [], [own[2]]])
    wanted = predict(backbone, inputs)[0]
    draw = torch.Generator().manual_seed(3)
    for seed in range(50):
        lanes = [[own[0]]]
        for _ in range(LANES - 1):
            lane = int(torch.randint(-1, LORAS, (1,), generator=draw))
            lanes.append([] if lane < 0 else [Use(own[lane].held, float(torch.rand(1, generator=draw)) * 2)])
        slots.bind("unet", lanes)
        assert torch.equal(predict(backbone, inputs.swap(Inputs(1000 + seed), 0))[0], wanted)
