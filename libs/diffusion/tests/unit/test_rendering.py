import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    AdapterStillLoaded,
    AdapterUnusable,
    Backbone,
    Cancelled,
    PromptTooLong,
    RenderRequest,
    RequestInvalid,
    TrainingPicture,
    derived_seed,
    lora_settings,
    render,
    train_lora,
)
from semblance.diffusion.prompts import MAX_WINDOWS, encode_prompts

Reference = NDArray[np.float32] | None
ONE = RenderRequest("a photo of sks person", 42)


@pytest.fixture
def adapter(backbone: Backbone, pictures: list[TrainingPicture], reference: Reference) -> Adapter:
    settings = lora_settings(backbone.config.lora, learning_rate=0.05)
    lora = train_lora(
        backbone, pictures, settings, reference=reference, progress=lambda _d, _o: None, cancelled=lambda: False
    )
    return Adapter(lora, reference)


def same(a: list[NDArray[np.uint8]], b: list[NDArray[np.uint8]]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_one_persons_adapter_never_reaches_the_next_request(backbone: Backbone, adapter: Adapter) -> None:
    base = render(backbone, ONE, None)
    first = render(backbone, ONE, adapter)
    backbone.require_bare()
    between = render(backbone, ONE, None)
    second = render(backbone, ONE, adapter)
    assert same(base, between)
    assert same(first, second)
    assert not same(base, first)


def test_rescaled_guidance_is_the_backbones_own_number(backbone: Backbone) -> None:
    strong = dataclasses.replace(backbone.config.sampler, guidance_scale=8.0)
    drawn = {}
    for rescale in (0.0, 0.7):
        sampler = dataclasses.replace(strong, guidance_rescale=rescale)
        changed = dataclasses.replace(backbone, config=dataclasses.replace(backbone.config, sampler=sampler))
        drawn[rescale] = render(changed, ONE, None)
    assert not same(drawn[0.0], drawn[0.7])


def test_a_seed_names_its_picture(backbone: Backbone) -> None:
    four = RenderRequest("a photo", 42, count=4)
    pictures = render(backbone, four, None)
    assert same(pictures, render(backbone, four, None))
    assert len({picture.tobytes() for picture in pictures}) == 4
    other = render(backbone, RenderRequest("a photo", 43), None)
    assert not np.array_equal(other[0], pictures[0])
    assert derived_seed(42, 0) == 42
    assert derived_seed(42, 1) != derived_seed(43, 0)
    assert all(0 <= derived_seed(2**63 - 1, index) < 2**63 for index in range(50))


def test_the_request_decides_steps_guidance_and_likeness(backbone: Backbone, reference: Reference) -> None:
    plain = Adapter(None, reference)
    default = render(backbone, RenderRequest("a photo", 1), plain)
    assert same(default, render(backbone, RenderRequest("a photo", 1, steps=3, guidance_scale=2.0), plain))
    assert not same(default, render(backbone, RenderRequest("a photo", 1, guidance_scale=9.0), plain))
    assert not same(default, render(backbone, RenderRequest("a photo", 1, steps=7), plain))
    assert not same(default, render(backbone, RenderRequest("a photo", 1, negative_prompt="sad"), plain))
    unguided = render(backbone, RenderRequest("a photo", 1, guidance_scale=1.0), plain)
    assert not same(default, unguided)
    if reference is not None:
        assert not same(default, render(backbone, RenderRequest("a photo", 1, likeness_scale=0.0), plain))
        assert same(default, render(backbone, RenderRequest("a photo", 1), plain))  # the scale is the request's own
        assert not same(default, render(backbone, RenderRequest("a photo", 1), None))


def test_rendering_stops_between_steps_and_leaves_nothing(backbone: Backbone, adapter: Adapter) -> None:
    steps: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        render(
            backbone,
            ONE,
            adapter,
            on_step=lambda done, of: steps.append((done, of)),
            cancelled=lambda: bool(steps),
        )
    assert steps == [(1, 3)]
    backbone.require_bare()


def test_what_a_step_callback_raises_passes_through(backbone: Backbone, adapter: Adapter) -> None:
    class Withdrawn(Exception):
        pass

    def withdraw(_done: int, _of: int) -> None:
        raise Withdrawn

    with pytest.raises(Withdrawn):
        render(backbone, ONE, adapter, on_step=withdraw)
    backbone.require_bare()


def test_a_forgotten_adapter_stops_every_rendering(backbone: Backbone, adapter: Adapter) -> None:
    from semblance.diffusion.adapter import unpack

    assert adapter.lora is not None
    backbone.pipeline.load_lora_weights(unpack(adapter.lora), adapter_name="forgotten")
    try:
        with pytest.raises(AdapterStillLoaded):
            render(backbone, ONE, None)
    finally:
        backbone.pipeline.unload_lora_weights()
    assert render(backbone, ONE, None)


@pytest.mark.parametrize("lora", [b"", b"not a lora", b"\x00" * 64])
def test_bytes_that_are_no_lora_are_refused(backbone: Backbone, lora: bytes) -> None:
    with pytest.raises(AdapterUnusable):
        render(backbone, ONE, Adapter(lora, None))
    backbone.require_bare()


def test_a_lora_of_another_backbone_is_refused(backbone: Backbone) -> None:
    import torch
    from safetensors.torch import save

    name = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    wrong = save({f"{name}.lora_A.weight": torch.ones(4, 640), f"{name}.lora_B.weight": torch.ones(640, 4)})
    with pytest.raises(AdapterUnusable):
        render(backbone, ONE, Adapter(wrong, None))
    poisoned = save(
        {f"{name}.lora_A.weight": torch.full((4, 32), float("nan")), f"{name}.lora_B.weight": torch.ones(32, 4)}
    )
    with pytest.raises(AdapterUnusable, match="finite"):
        render(backbone, ONE, Adapter(poisoned, None))
    backbone.require_bare()


def test_a_reference_of_another_length_is_refused(backbone: Backbone) -> None:
    with pytest.raises(AdapterUnusable, match="128" if backbone.reference_size else "no reference"):
        render(backbone, ONE, Adapter(None, np.ones(512, np.float32)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"count": 0}, "count"),
        ({"count": 17}, "count"),
        ({"steps": 0}, "steps"),
        ({"steps": 1000}, "steps"),
        ({"guidance_scale": 0.5}, "guidance"),
        ({"guidance_scale": float("nan")}, "guidance"),
        ({"likeness_scale": -0.1}, "likeness"),
        ({"prompt": "x" * 2001}, "2000 characters"),
        ({"prompt": "a\nb"}, "control"),
        ({"negative_prompt": "\x00"}, "control"),
    ],
)
def test_requests_outside_the_limits_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises((RequestInvalid, PromptTooLong), match=message):
        RenderRequest(**{"prompt": "a photo", "seed": 1, **change})  # type: ignore[arg-type]


def test_a_prompt_longer_than_the_window_is_read_to_its_end(backbone: Backbone) -> None:
    short, empty = encode_prompts(backbone.pipeline, "a" * 22, "")
    assert short.shape == empty.shape == (1, 24, 32)
    long, padded = encode_prompts(backbone.pipeline, "a" * 50, "b")
    assert long.shape == padded.shape == (1, 72, 32)
    head = "a photo of a person, "
    assert not same(
        render(backbone, RenderRequest(head + "x" * 40 + "q", 1), None),
        render(backbone, RenderRequest(head + "x" * 40 + "z", 1), None),
    )
    with pytest.raises(PromptTooLong, match="tokens"):
        render(backbone, RenderRequest("a" * (22 * MAX_WINDOWS + 1), 1), None)


def test_one_window_is_what_the_stock_pipeline_encodes(backbone: Backbone) -> None:
    ours = encode_prompts(backbone.pipeline, "a photo", "sad")
    theirs = backbone.pipeline.encode_prompt("a photo", "cpu", 1, True, "sad")
    assert all(np.allclose(a.detach(), b.detach(), atol=1e-6) for a, b in zip(ours, theirs, strict=True))


def test_requests_and_adapters_print_without_prompt_and_bytes() -> None:
    assert "secret" not in repr(RenderRequest("secret", 1, negative_prompt="secret"))
    assert repr(Adapter(b"secret", np.ones(3, np.float32))) == "Adapter()"
