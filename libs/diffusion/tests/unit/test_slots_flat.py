"""What an adapter's file may be, and what its sidecar holds."""

import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save

from semblance.diffusion import AdapterUnusable, BackboneUnusable
from semblance.diffusion.slots import FlatAdapter, Layout, Slots, Use, flat, flatten, lora_file
from semblance.diffusion.slots.testing import RANK, Toy, toy_layout, toy_lora, toy_tensors

Tensors = dict[str, torch.Tensor]
Q = "unet.to_q"
DRAW = torch.Generator().manual_seed(0)
SHAPES = {"conv1": (1, 3, 8, 8), "to_q": (1, 3, 4), "attn2.to_k": (1, 3, 6)}
INPUTS = {name: torch.randn(shape, generator=DRAW) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def layout() -> Layout:
    return toy_layout(Toy())


def changes(adapter: FlatAdapter, layout: Layout) -> Tensors:
    """What every layer adds to what it makes of fixed input."""
    toy = Toy()
    for parameter in toy.parameters():
        parameter.zero_()
    slots = Slots({"unet": toy}, layout, 1)
    slots.bind("unet", [[Use(slots.acquire(adapter, "anna"))]])
    return {name: toy.get_submodule(name)(INPUTS[name]) for name in INPUTS}


def expected(tensors: Tensors, name: str) -> torch.Tensor:
    """What peft's formula adds."""
    down, up = (tensors[f"unet.{name}.lora_{part}.weight"] for part in "AB")
    if name == "conv1":
        return F.conv2d(F.conv2d(INPUTS[name], down, stride=2, padding=1), up)
    return F.linear(F.linear(INPUTS[name], down), up)


def with_metadata(**stated: Any) -> bytes:
    text = json.dumps({f"unet.{key}": value for key, value in stated.items()})
    return save(toy_tensors(1), metadata={"lora_adapter_metadata": text})


def test_a_layout_names_layers_as_peft_does_and_knows_its_backbone() -> None:
    toy = Toy()
    toy.processor = torch.nn.ModuleDict({"to_q": torch.nn.Linear(2, 2)})
    toy.not_to_q = torch.nn.Linear(2, 2)
    layout = toy_layout(toy)
    assert [layer.name for layer in layout.towers[0].layers] == ["conv1", "to_q", "attn2.to_k"]
    assert [layer.reads_words for layer in layout.towers[0].layers] == [False, False, True]
    assert layout.size_bytes == layout.floats * 4
    others = [
        toy_layout(toy, backbone_digest="another"),
        toy_layout(toy, rank=RANK + 1),
        toy_layout(toy, dtype=torch.bfloat16),
        toy_layout(toy, unet_targets=("conv1", "to_q")),
    ]
    assert len({one.key for one in (layout, *others)}) == 5
    assert toy_layout(Toy(9)).key == layout.key  # the digest says which weights, not the layout


def test_targets_that_name_nothing_are_refused() -> None:
    for wrong in ({"unet_targets": ("nothing",)}, {"unet_targets": ()}, {"rank": 0}, {"rank": 257}):
        with pytest.raises(AdapterUnusable):
            toy_layout(Toy(), **wrong)
    toy = Toy()
    toy.conv1 = torch.nn.Conv2d(4, 4, 3, groups=2)
    with pytest.raises(BackboneUnusable, match="conv1"):
        toy_layout(toy)


def test_alpha_over_rank_is_in_b(layout: Layout) -> None:
    tensors = toy_tensors(1)
    plain = changes(flatten(save(tensors), layout), layout)
    for name, made in plain.items():
        assert torch.allclose(made, expected(tensors, name), atol=1e-5)
    halved = changes(flatten(save({**tensors, f"{Q}.alpha": torch.tensor(RANK / 2)}), layout), layout)
    assert torch.allclose(halved["to_q"], plain["to_q"] / 2, atol=1e-5)
    assert torch.equal(halved["conv1"], plain["conv1"])


def test_metadata_scales_as_peft_does(layout: Layout) -> None:
    plain = changes(flatten(toy_lora(1), layout), layout)
    stated = with_metadata(r=RANK, lora_alpha=2 * RANK, alpha_pattern={"attn2.to_k": RANK})
    made = changes(flatten(stated, layout), layout)
    assert torch.allclose(made["to_q"], 2 * plain["to_q"], atol=1e-5)
    assert torch.equal(made["attn2.to_k"], plain["attn2.to_k"])
    stabilised = changes(flatten(with_metadata(lora_alpha=RANK, use_rslora=True), layout), layout)
    assert torch.allclose(stabilised["to_q"], RANK**0.5 * plain["to_q"], atol=1e-5)


def test_older_spellings_are_the_same_adapter(layout: Layout) -> None:
    tensors = toy_tensors(1)
    wanted = flatten(save(tensors), layout)
    for down, up in (("lora.down", "lora.up"), ("lora_linear_layer.down", "lora_linear_layer.up")):
        spelt = {key.replace("lora_A", down).replace("lora_B", up): value for key, value in tensors.items()}
        assert torch.equal(flatten(save(spelt), layout).row, wanted.row)


def test_a_smaller_rank_and_fewer_layers_are_padded_with_zeros(layout: Layout) -> None:
    tensors = {key: value for key, value in toy_tensors(2, rank=2).items() if "to_q" in key}
    made = flatten(save(tensors), layout)
    assert made.rank == 2
    assert torch.allclose(changes(made, layout)["to_q"], expected(tensors, "to_q"), atol=1e-5)
    assert not changes(made, layout)["conv1"].any()
    assert int(made.row.count_nonzero()) == sum(tensor.numel() for tensor in tensors.values())


def changed(change: Callable[[Tensors], Any]) -> bytes:
    tensors = toy_tensors(1)
    change(tensors)
    return save(tensors)


def renamed(tensors: Tensors, layer: str) -> None:
    """Call a layer something else."""
    for end in ("lora_A.weight", "lora_B.weight"):
        tensors[f"{layer}.{end}"] = tensors.pop(f"{Q}.{end}")


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(1))
    return made.getvalue()


A, B = f"{Q}.lora_A.weight", f"{Q}.lora_B.weight"
BAD_LORAS = {
    "a pickle": (pickle.dumps({"a": 1}), "pickle"),
    "a zip": (zipped(), "zip"),
    "nothing": (b"", "safetensors"),
    "noise": (bytes(range(256)), "safetensors"),
    "truncated": (toy_lora(1)[:-5], "safetensors"),
    "no layers": (save({}), "no LoRA layers"),
    "alpha alone": (save({f"{Q}.alpha": torch.ones(())}), "no LoRA layers"),
    "A without B": (changed(lambda t: t.pop(B)), "only one"),
    "B without A": (changed(lambda t: t.pop(A)), "only one"),
    "nan": (changed(lambda t: t[A].__setitem__((0, 0), float("nan"))), "not finite"),
    "inf": (changed(lambda t: t[B].__setitem__((0, 0), float("-inf"))), "not finite"),
    "alpha that is no number": (changed(lambda t: t.update({f"{Q}.alpha": torch.tensor(float("nan"))})), "not finite"),
    "whole numbers": (changed(lambda t: t.update({A: torch.ones(RANK, 4, dtype=torch.int32)})), "floating"),
    "another width": (changed(lambda t: t.update({A: torch.ones(RANK, 7)})), "other shapes"),
    "two ranks in one layer": (changed(lambda t: t.update({B: torch.ones(5, 3)})), "other shapes"),
    "no rank": (changed(lambda t: t.update({A: torch.ones(0, 4)})), "no rank"),
    "rank too large": (toy_lora(1, RANK + 1), "rank 5"),
    "unknown layer": (changed(lambda t: t.update({f"unet.to_z.{k[-13:]}": t[k].clone() for k in (A, B)})), "1 layers"),
    "another tower": (
        changed(lambda t: t.update({f"text_encoder.to_q.{k[-13:]}": t[k].clone() for k in (A, B)})),
        "1 layers",
    ),
    "stated twice": (changed(lambda t: t.update({f"{Q}.lora.down.weight": t[A].clone()})), "twice"),
    "DoRA": (changed(lambda t: t.update({f"{Q}.lora_magnitude_vector.weight": torch.ones(5)})), "plain LoRA"),
    "kohya's names": (save({"lora_unet_to_q.lora_down.weight": torch.ones(2, 4)}), "plain LoRA"),
    "two scales": (
        save({**toy_tensors(1), f"{Q}.alpha": torch.ones(())}, metadata={"lora_adapter_metadata": '{"unet.r": 4}'}),
        "scale twice",
    ),
    "metadata that is no JSON": (save(toy_tensors(1), metadata={"lora_adapter_metadata": "{"}), "JSON"),
    "an expression": (with_metadata(alpha_pattern={"(a+)+$": 1}), "plain names"),
    "alpha in words": (with_metadata(lora_alpha="much"), "no number"),
    "alpha that no float holds": (with_metadata(alpha_pattern={"to_q": 10**400}), "not finite"),
    "stated DoRA": (with_metadata(use_dora=True), "DoRA"),
}


@pytest.mark.parametrize("name", BAD_LORAS)
def test_what_is_no_adapter_of_this_layout_is_refused(name: str, layout: Layout) -> None:
    lora, said = BAD_LORAS[name]
    with pytest.raises(AdapterUnusable, match=said):
        flatten(lora, layout)


def test_half_precision_that_overflows_is_refused() -> None:
    big = {**toy_tensors(1), f"{Q}.alpha": torch.tensor(1e6)}
    assert flatten(save(big), toy_layout(Toy())).row.isfinite().all()
    with pytest.raises(AdapterUnusable, match="not finite"):
        flatten(save(big), toy_layout(Toy(), dtype=torch.float16))


def test_too_big_a_file_is_refused_unread(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora_file, "MAX_LORA_BYTES", 100)
    with pytest.raises(AdapterUnusable, match="at most"):
        flatten(toy_lora(1), layout)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_sidecar_comes_back_as_it_was(dtype: torch.dtype) -> None:
    layout = toy_layout(Toy(), dtype=dtype)
    lora = toy_lora(1)
    made = flatten(lora, layout)
    data = made.to_bytes()
    again = FlatAdapter.from_bytes(data, layout, lora_digest=hashlib.sha256(lora).hexdigest())
    assert torch.equal(again.row, made.row)
    assert (again.digest, again.layout, again.rank) == (hashlib.sha256(lora).hexdigest(), layout.key, RANK)
    assert again.to_bytes() == data
    assert "tensor" not in repr(again)
    with pytest.raises(AdapterUnusable, match="another LoRA"):
        FlatAdapter.from_bytes(data, layout, lora_digest="0" * 64)


def test_a_sidecar_for_anything_else_is_refused(layout: Layout) -> None:
    data = flatten(toy_lora(1), layout).to_bytes()
    others = ({"backbone_digest": "another"}, {"rank": 8}, {"dtype": torch.bfloat16}, {"unet_targets": ("to_q",)})
    for change in others:
        with pytest.raises(AdapterUnusable, match="another backbone"):
            FlatAdapter.from_bytes(data, toy_layout(Toy(), **change))
    with pytest.raises(AdapterUnusable, match="no adapter sidecar"):
        FlatAdapter.from_bytes(toy_lora(1), layout)
    slots = Slots({"unet": Toy()}, toy_layout(Toy(), backbone_digest="another"), 1)
    with pytest.raises(AdapterUnusable, match="another engine"):
        slots.acquire(FlatAdapter.from_bytes(data, layout), "anna")


def test_a_sidecar_that_was_touched_anywhere_is_refused(layout: Layout) -> None:
    data = flatten(toy_lora(1), layout).to_bytes()
    draw = torch.Generator().manual_seed(0)
    for length in torch.randint(0, len(data), (40,), generator=draw).tolist():
        with pytest.raises(AdapterUnusable):
            FlatAdapter.from_bytes(data[:length], layout)
    for place in [*range(16), *torch.randint(16, len(data), (200,), generator=draw).tolist()]:
        touched = bytearray(data)
        touched[place] ^= 1 << place % 8
        with pytest.raises(AdapterUnusable):
            FlatAdapter.from_bytes(bytes(touched), layout)
    with pytest.raises(AdapterUnusable, match="cut short, or has more"):
        FlatAdapter.from_bytes(data + b"\0", layout)


def rewritten(data: bytes, change: Callable[[dict[str, Any], bytearray], Any]) -> bytes:
    """A sidecar with another header or row, and a digest that fits again."""
    length = struct.unpack_from("<8sII", data)[2]
    header, row = json.loads(data[16 : 16 + length]), bytearray(data[16 + length :])
    change(header, row)
    stated = {key: value for key, value in header.items() if key != "digest"}
    header["digest"] = flat._sealed(stated, row)
    packed = json.dumps(header).encode()
    return struct.pack("<8sII", b"SMBLSLOT", 1, len(packed)) + packed + row


def test_a_sidecar_with_a_fitting_digest_is_still_looked_at(layout: Layout) -> None:
    data = flatten(toy_lora(1), layout).to_bytes()
    assert FlatAdapter.from_bytes(rewritten(data, lambda _header, _row: None), layout).rank == RANK
    nan = struct.pack("<f", float("nan"))
    with pytest.raises(AdapterUnusable, match="not finite"):
        FlatAdapter.from_bytes(rewritten(data, lambda _h, row: row.__setitem__(slice(8, 12), nan)), layout)
    for change in ({"more": 1}, {"rank": "4"}, {"lora": 4}, {"floats": layout.floats + 1}, {"floats": True}):
        with pytest.raises(AdapterUnusable):
            FlatAdapter.from_bytes(rewritten(data, lambda header, _row, c=change: header.update(c)), layout)
    for header in (b"[1]", b"{", b"", b"[" * 4000, b" " * 5000):
        with pytest.raises(AdapterUnusable):
            FlatAdapter.from_bytes(struct.pack("<8sII", b"SMBLSLOT", 1, len(header)) + header, layout)
    with pytest.raises(AdapterUnusable, match="version 2"):
        FlatAdapter.from_bytes(struct.pack("<8sII", b"SMBLSLOT", 2, 2) + b"{}", layout)
