"""Rows of one batch with adapters of their own, held against what diffusers draws with each loaded."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from semblance.diffusion import AdapterStillLoaded, Backbone, BackboneTaken, BackboneUnusable, load_backbone, together
from semblance.diffusion.adapter import loaded, unload
from semblance.diffusion.slots import FlatAdapter, Regions, SlotConv2d, Slots, Use, flatten
from semblance.diffusion.slots.testing import RANK, layout_of, random_lora, towers_of

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


@contextlib.contextmanager
def slotted(backbone: Backbone, dtype: torch.dtype = torch.float32) -> Iterator[Slots]:
    made = Slots(towers_of(backbone), layout_of(backbone, dtype=dtype), LORAS)
    try:
        yield made
    finally:
        made.detach()
    backbone.require_bare()


@pytest.fixture
def slots(backbone: Backbone) -> Iterator[Slots]:
    with slotted(backbone) as made:
        yield made


class Inputs:
    """Latents, noise levels, words and a face for each lane."""

    def __init__(self, seed: int, lanes: int = LANES) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.latents = torch.randn(lanes, 4, 16, 16, generator=generator)
        self.timesteps = torch.randint(0, 1000, (lanes,), generator=generator)
        self.words = torch.randn(lanes, 24, 32, generator=generator)
        self.face = torch.randn(lanes, 1, 128, generator=generator)

    def to(self, dtype: torch.dtype) -> None:
        for name in ("latents", "words", "face"):
            setattr(self, name, getattr(self, name).to(dtype))

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
    with slotted(backbone) as slots:
        worn = uses(slots, flats[:LANES])
        slots.bind("unet", [[use] for use in worn])
        made = predict(backbone, inputs)
        for use, one in zip(worn, text, strict=True):
            with slots.uniform("text_encoder", [use]), torch.no_grad():
                assert torch.allclose(
                    backbone.pipeline.text_encoder(torch.arange(24).view(1, -1))[0], one, atol=TOLERANCE, rtol=0
                )
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


def test_strength_is_what_diffusers_calls_the_adapters_weight(
    backbone: Backbone, loras: list[bytes], flats: list[FlatAdapter]
) -> None:
    inputs = Inputs(4)
    with loaded(backbone, loras[0]):
        backbone.pipeline.set_adapters(["person"], [0.3])
        wanted = predict(backbone, inputs)
    with slotted(backbone) as slots:
        slots.bind("unet", [uses(slots, flats[:1], 0.3)] * LANES)
        assert torch.allclose(predict(backbone, inputs), wanted, atol=TOLERANCE, rtol=0)
        slots.bind("unet", [uses(slots, flats[:1], 0.0)] * LANES)
        unworn = predict(backbone, inputs)
    assert torch.equal(unworn, predict(backbone, inputs))


def test_two_adapters_on_a_lane_add_up(backbone: Backbone, loras: list[bytes], flats: list[FlatAdapter]) -> None:
    inputs = Inputs(5)
    with loaded(backbone, together(loras[0], loras[1])):
        wanted = predict(backbone, inputs)
    with slotted(backbone) as slots:
        both = uses(slots, flats[:2])
        slots.bind("unet", [both, both[:1], [], both])
        made = predict(backbone, inputs)
        slots.bind("unet", [both[:1]] * LANES, places=2)
        one = predict(backbone, inputs)
    for lane in (0, 3):
        assert torch.allclose(made[lane], wanted[lane], atol=TOLERANCE, rtol=0)
    assert torch.equal(made[1], one[1])
    assert torch.equal(made[2], predict(backbone, inputs)[2])


def test_an_adapter_counts_in_its_region_only(backbone: Backbone, flats: list[FlatAdapter]) -> None:
    inputs = Inputs(6)
    bare = predict(backbone, inputs)

    def drawn(slots: Slots, lanes: list[list[Use]], picture: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        slots.bind("unet", lanes, regions=Regions(picture, words, RANK))
        return predict(backbone, inputs)

    with slotted(backbone) as slots:
        both = uses(slots, flats[:2])
        picture, words = torch.ones(LANES, 2, 16, 16), torch.ones(LANES, 2, 24)
        slots.bind("unet", [both] * LANES)
        everywhere = predict(backbone, inputs)
        slots.bind("unet", [both[:1]] * LANES, places=2)
        first = predict(backbone, inputs)
        assert torch.equal(drawn(slots, [both] * LANES, picture, words), everywhere)
        assert torch.equal(drawn(slots, [both] * LANES, picture * 0, words * 0), bare)
        picture[:, 1], words[:, 1] = 0, 0
        assert torch.allclose(drawn(slots, [both] * LANES, picture, words), first, atol=TOLERANCE, rtol=0)
        picture[:, :, :, :8] = 0
        halved = drawn(slots, [both] * LANES, picture, words)
        assert not torch.allclose(halved, first, atol=TOLERANCE, rtol=0)
        for wrong in (
            Regions(picture[:1], words[:1], RANK),
            Regions(picture[:, :1], words[:, :1], RANK),
            Regions(picture, words, RANK + 1),
        ):
            with pytest.raises(ValueError, match="regions"):
                slots.bind("unet", [both] * LANES, regions=wrong)


def test_a_convolutions_region_is_where_it_says() -> None:
    torch.manual_seed(0)
    layer = SlotConv2d(torch.nn.Conv2d(3, 5, 3, padding=1))
    picture = torch.randn(1, 3, 8, 8)
    layer.a, layer.b = torch.randn(1, 4, 3, 3, 3), torch.randn(1, 5, 4)
    with torch.no_grad():
        worn, bare = layer(picture), layer.base(picture)
        mask = torch.zeros(1, 1, 8, 8)
        mask[..., :3] = 1
        layer.regions = Regions(mask, torch.ones(1, 1, 2), 4)
        masked = layer(picture)
    assert torch.equal(masked[..., :3], worn[..., :3])
    assert torch.equal(masked[..., 3:], bare[..., 3:])


def test_files_that_state_a_scale_are_what_diffusers_makes_of_them(backbone: Backbone, tmp_path: Path) -> None:
    inputs = Inputs(7)
    tensors = load(random_lora(backbone, 8, text_rank=None))
    stated = {"r": RANK, "lora_alpha": 2.0, "target_modules": sorted({key[5:].split(".lora_")[0] for key in tensors})}
    text = json.dumps({f"unet.{key}": value for key, value in stated.items()})
    file = tmp_path / "lora.safetensors"
    file.write_bytes(save(tensors, metadata={"lora_adapter_metadata": text}))
    backbone.pipeline.load_lora_weights(str(tmp_path), weight_name=file.name, adapter_name="person")
    try:
        wanted = predict(backbone, inputs)
    finally:
        unload(backbone)
    with slotted(backbone) as slots:
        slots.bind("unet", [uses(slots, [flatten(file.read_bytes(), slots.layout)])] * LANES)
        made = predict(backbone, inputs)
    assert torch.allclose(made, wanted, atol=TOLERANCE, rtol=0)
    by_layer = {f"{key.removesuffix('.lora_A.weight')}.alpha": torch.tensor(2.0) for key in tensors if "lora_A" in key}
    for lora in (file.read_bytes(), save({**tensors, **by_layer})):
        with loaded(backbone, lora):  # as `render` does
            assert torch.allclose(predict(backbone, inputs), wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_as_near_as_diffusers_own(face_dir: Path, loras: list[bytes], dtype: torch.dtype) -> None:
    half, inputs = load_backbone(face_dir), Inputs(9)
    with loaded(half, loras[0]):
        exact = predict(half, inputs)
    for module in towers_of(half).values():
        module.to(dtype)
    inputs.to(dtype)
    with loaded(half, loras[0]):
        near = predict(half, inputs)
    with slotted(half, dtype) as slots:
        slots.bind("unet", [uses(slots, [flatten(loras[0], slots.layout)])] * LANES)
        made = predict(half, inputs)
    assert made.dtype == dtype
    assert (made - exact).abs().max() <= 1.5 * (near - exact).abs().max()


def test_a_rows_lanes_share_one_copy_and_no_others_read_it(
    slots: Slots, backbone: Backbone, flats: list[FlatAdapter]
) -> None:
    inputs = Inputs(7)
    bare = predict(backbone, inputs)
    (worn,) = uses(slots, flats[:1])
    slots.bind("unet", [[worn], [worn], [], []])
    apart = predict(backbone, inputs)
    slots.bind("unet", [[worn], []], each=2)
    made = predict(backbone, inputs)
    assert torch.allclose(made, apart, atol=TOLERANCE, rtol=0)
    assert not torch.allclose(made[:2], bare[:2], atol=TOLERANCE, rtol=0)
    assert torch.equal(made[2:], bare[2:])
    slots.bind("unet", [[worn], []])
    with pytest.raises(ValueError, match="4 lanes where 2 rows of 1 are bound"):
        predict(backbone, inputs)


def test_what_was_bound_comes_back_after_a_shared_lane(backbone: Backbone, flats: list[FlatAdapter]) -> None:
    tokens = torch.arange(24).view(1, -1)
    with torch.inference_mode(), slotted(backbone) as slots:
        encode = backbone.pipeline.text_encoder
        bare = encode(tokens)[0]
        own = uses(slots, flats[:2])
        slots.bind("text_encoder", [own[:1]])
        first = encode(tokens)[0]
        with slots.uniform("text_encoder", own[1:]):
            shared = encode(tokens.expand(3, -1))[0]
            with pytest.raises(RuntimeError, match="one lane"), slots.uniform("text_encoder", []):
                pass
            with pytest.raises(RuntimeError, match="one lane"):
                slots.bind("text_encoder", [[]])
        assert torch.equal(encode(tokens)[0], first)
        with slots.uniform("text_encoder", []):
            assert torch.equal(encode(tokens)[0], bare)
        slots.bind("text_encoder", [own[1:]])
        assert torch.allclose(shared, encode(tokens)[0].expand(3, -1, -1), atol=TOLERANCE, rtol=0)
        slots.unbind("text_encoder")
        assert torch.equal(encode(tokens)[0], bare)


def test_towers_get_their_own_modules_back(backbone: Backbone, flats: list[FlatAdapter], loras: list[bytes]) -> None:
    before = [dict(module.named_modules()) for module in towers_of(backbone).values()]
    layout = layout_of(backbone)
    with slotted(backbone) as slots:
        slots.bind("unet", [uses(slots, flats[:1])])
        for taken in (
            lambda: Slots(towers_of(backbone), layout, 1),
            lambda: layout_of(backbone),
            backbone.require_bare,
        ):
            with pytest.raises(BackboneTaken):
                taken()
    after = [dict(module.named_modules()) for module in towers_of(backbone).values()]
    assert [list(names) for names in before] == [list(names) for names in after]
    assert all(one[name] is two[name] for one, two in zip(before, after, strict=True) for name in one)
    with loaded(backbone, loras[0]), pytest.raises(AdapterStillLoaded):
        Slots(towers_of(backbone), layout, 1)
    other = dataclasses.replace(layout.towers[0], prefix="transformer")
    with pytest.raises(BackboneUnusable, match="transformer"):
        Slots(towers_of(backbone), dataclasses.replace(layout, towers=(other,)), 1)
    with pytest.raises(BackboneUnusable, match="dtype"):
        Slots(towers_of(backbone), layout_of(backbone, dtype=torch.bfloat16), 1)
    backbone.require_bare()
