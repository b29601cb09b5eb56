"""An adapter as one row of numbers: packed once, when it is published, and copied whole into a slot from then on."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch

from semblance.diffusion.errors import AdapterUnusable
from semblance.diffusion.slots.layers import folded
from semblance.diffusion.slots.layout import Layer, Layout, Tower
from semblance.diffusion.slots.lora_file import Pair, read_pairs
from semblance.kernel.units import KIB

MAGIC: Final = b"SMBLSLOT"
VERSION: Final = 1
MAX_HEADER_BYTES: Final = 4 * KIB
_START: Final = struct.Struct("<8sII")  # magic, version, length of the JSON header
_FIELDS: Final = frozenset({"lora", "layout", "rank", "floats", "digest"})


@dataclass(frozen=True, eq=False)
class FlatAdapter:
    """digest: SHA-256 of the LoRA file; layout: the key of the layout it is for; rank: the largest that it uses.

    row (floats,) on the CPU: A, and B times alpha / rank, padded with zeros to the layout's ranks. Never printed, and
    never changed: it is shared.
    """

    digest: str
    layout: str
    rank: int
    row: torch.Tensor = field(repr=False)

    def to_bytes(self) -> bytes:
        """The sidecar that lies beside the portable LoRA file: header, then the row as it is in memory."""
        payload = self.row.view(torch.uint8).numpy().tobytes()
        stated = {"lora": self.digest, "layout": self.layout, "rank": self.rank, "floats": self.row.numel()}
        header = json.dumps({**stated, "digest": _sealed(stated, payload)}, separators=(",", ":")).encode()
        return _START.pack(MAGIC, VERSION, len(header)) + header + payload

    @classmethod
    def from_bytes(cls, data: bytes, layout: Layout, *, lora_digest: str | None = None) -> FlatAdapter:
        """The adapter of a sidecar: one digest, one copy. Raises AdapterUnusable for any that is not whole, or not for
        this layout, or not of the LoRA whose digest is given."""
        header, offset = _header(data)
        if header["layout"] != layout.key:
            raise _unfit()
        if lora_digest is not None and header["lora"] != lora_digest:
            raise AdapterUnusable("the sidecar was packed from another LoRA", remedy="Pack it anew from its LoRA file.")
        if header["floats"] != layout.floats or len(data) - offset != layout.size_bytes:
            raise _broken("is cut short, or has more than its layout")
        # Owned and writable: torch warns of memory that it may not write to.
        payload = bytearray(memoryview(data)[offset:])
        if _sealed({key: header[key] for key in ("lora", "layout", "rank", "floats")}, payload) != header["digest"]:
            raise _broken("does not have the digest that it states")
        row = torch.frombuffer(payload, dtype=layout.dtype)
        _require_finite(row)
        return cls(header["lora"], header["layout"], header["rank"], row)


def flatten(lora: bytes, layout: Layout) -> FlatAdapter:
    """Pack a safetensors LoRA for this layout; layers that it lacks stay zero. Raises AdapterUnusable."""
    pairs = read_pairs(lora)
    row = torch.zeros(layout.floats, dtype=layout.dtype)
    rank = 0
    for tower in layout.towers:
        part = tower.part(row.unsqueeze(0))
        for layer, pair in _of_tower(tower, pairs).items():
            rank = max(rank, _write(part, tower, layer, pair))
    if pairs:
        raise AdapterUnusable(
            f"the LoRA changes {len(pairs)} layers that no adapter of this backbone may change",
            remedy="Train it for this backbone, or serve it by an engine with more targets.",
        )
    _require_finite(row)
    return FlatAdapter(hashlib.sha256(lora).hexdigest(), layout.key, rank, row)


def _of_tower(tower: Tower, pairs: dict[str, Pair]) -> dict[Layer, Pair]:
    """The tower's layers, taken out of `pairs`."""
    found: dict[Layer, Pair] = {}
    for name in [name for name in pairs if name.startswith(f"{tower.prefix}.")]:
        own = name.removeprefix(f"{tower.prefix}.")
        # transformers 5 has no `text_model` in a CLIP text encoder; files from before it do. diffusers does the same.
        layer = tower.layer(own) or tower.layer(own.removeprefix("text_model."))
        if layer is not None and layer not in found:
            found[layer] = pairs.pop(name)
    return found


def _write(part: torch.Tensor, tower: Tower, layer: Layer, pair: Pair) -> int:
    """Put one layer into the tower's part (1, size) of a row; returns the layer's rank."""
    down, up = pair.down, pair.up
    assert down is not None
    assert up is not None
    rank = int(down.shape[0])
    if tuple(down.shape[1:]) != layer.down or tuple(up.shape) != (layer.up, rank) + (1,) * (len(layer.down) - 1):
        raise AdapterUnusable("the LoRA's layers have other shapes than this backbone's")
    if rank > tower.rank:
        raise AdapterUnusable(
            f"the LoRA has rank {rank}, and a slot takes up to {tower.rank}", remedy="Train it with a smaller rank."
        )
    matrix = tower.matrix(part)[0]
    if layer.in_block:
        tower.block(part, layer)[0, :rank] = folded(down).to(part.dtype)
    else:
        matrix[:rank, layer.down_at : layer.down_at + layer.down_size] = down.to(part.dtype)
    scaled = up.reshape(layer.up, rank).float() * pair.scale
    matrix[:rank, layer.up_column : layer.up_column + layer.up] = scaled.t().to(part.dtype)
    return rank


def _require_finite(row: torch.Tensor) -> None:
    low, high = torch.aminmax(row)  # one pass, and NaN goes through both
    if not bool(torch.isfinite(low) & torch.isfinite(high)):
        raise AdapterUnusable("the LoRA holds numbers that are not finite")


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The sidecar's header, its fields of the right kinds, and where the row begins."""
    if len(data) < _START.size:
        raise _broken("is cut short")
    magic, version, length = _START.unpack_from(data)
    if magic != MAGIC:
        raise AdapterUnusable("this is no adapter sidecar", remedy="Pack the LoRA file anew.")
    if version != VERSION:
        raise AdapterUnusable(f"the sidecar has version {version}, not {VERSION}", remedy="Pack the LoRA file anew.")
    if not 0 < length <= MAX_HEADER_BYTES:
        raise _broken("has a header of a wrong size")
    offset = _START.size + length
    try:
        header = json.loads(data[_START.size : offset])
    except (ValueError, RecursionError) as error:
        raise _broken("has a header that cannot be read") from error
    if not isinstance(header, dict) or header.keys() != _FIELDS:
        raise _broken("has a header with other fields")
    texts = all(isinstance(header[key], str) for key in ("lora", "layout", "digest"))
    if not texts or not all(type(header[key]) is int for key in ("rank", "floats")):
        raise _broken("has a header with other fields")
    return header, offset


def _sealed(stated: Mapping[str, Any], payload: bytes | bytearray) -> str:
    """SHA-256, hexadecimal, over what the header states and the row."""
    total = hashlib.sha256(json.dumps(stated, separators=(",", ":"), sort_keys=True).encode())
    total.update(payload)
    return total.hexdigest()


def _unfit() -> AdapterUnusable:
    return AdapterUnusable(
        "the adapter was packed for another backbone, or for other targets, ranks or numbers",
        remedy="Pack the LoRA file anew for this engine; an adapter of another backbone must be trained anew.",
    )


def _broken(how: str) -> AdapterUnusable:
    return AdapterUnusable(f"the adapter sidecar {how}", remedy="Fetch it again, or pack the LoRA file anew.")
