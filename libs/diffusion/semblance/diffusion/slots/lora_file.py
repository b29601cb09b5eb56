"""A LoRA's layers out of a safetensors file, in the spellings that peft and diffusers write.

`<tower>.<layer>.lora_A.weight` with `lora_B`; `lora.down` with `lora.up`; `lora_linear_layer.down` with `.up`.
What scales B: `<tower>.<layer>.alpha` / rank, or what `lora_adapter_metadata` in the file's header says, or 1 where
neither is there, as in diffusers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch

from semblance.diffusion.errors import AdapterUnusable
from semblance.kernel.units import MIB

MAX_LORA_BYTES: Final = 512 * MIB
_METADATA_KEY: Final = "lora_adapter_metadata"  # diffusers.loaders.lora_base
_MAX_METADATA_BYTES: Final = 1 * MIB
_WEIGHT: Final = re.compile(
    r"(?P<layer>.+?)\.(?:(?P<down>lora_A|lora\.down|lora_linear_layer\.down)|lora_B|lora\.up|lora_linear_layer\.up)\.weight"
)
_ALPHA: Final = re.compile(r"(?P<layer>.+)\.alpha")
_PLAIN_NAME: Final = re.compile(r"\^?[A-Za-z0-9_.]+")
_PICKLES: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass
class Pair:
    """One layer's weights as stored. scale: what B is to be multiplied by."""

    down: torch.Tensor | None = field(default=None, repr=False)
    up: torch.Tensor | None = field(default=None, repr=False)
    alpha: float | None = None
    scale: float = 1.0


def read_pairs(lora: bytes) -> dict[str, Pair]:
    """Layers by full name, tower first. Raises AdapterUnusable."""
    tensors = _tensors(lora)
    pairs: dict[str, Pair] = {}
    for key, tensor in tensors.items():
        weight, alpha = _WEIGHT.fullmatch(key), _ALPHA.fullmatch(key)
        if weight is not None:
            pair = pairs.setdefault(weight["layer"], Pair())
            taken = pair.down if weight["down"] else pair.up
            if taken is not None:
                raise AdapterUnusable("the LoRA states a layer twice")
            if weight["down"]:
                pair.down = tensor
            else:
                pair.up = tensor
        elif alpha is not None and tensor.numel() == 1:
            pairs.setdefault(alpha["layer"], Pair()).alpha = float(tensor)
        else:
            raise AdapterUnusable(
                "the file holds something that is no plain LoRA layer",
                remedy="Save it as diffusers' save_lora_weights does; DoRA, LoKr and biases are not taken.",
            )
    if not any(pair.up is not None for pair in pairs.values()):
        raise AdapterUnusable("the file holds no LoRA layers")
    _set_scales(pairs, _metadata(lora))
    return pairs


def _tensors(lora: bytes) -> dict[str, torch.Tensor]:
    if len(lora) > MAX_LORA_BYTES:
        raise AdapterUnusable(f"a LoRA has at most {MAX_LORA_BYTES // MIB} MiB")
    try:
        tensors: dict[str, torch.Tensor] = safetensors_torch.load(lora)
    except (SafetensorError, KeyError) as error:
        raise AdapterUnusable(
            "the LoRA is a pickle or a zip, which is never opened"
            if lora.startswith(_PICKLES)
            else "the LoRA is not a whole safetensors file",
            remedy="Fetch it again, or save it as safetensors.",
        ) from error
    if not all(tensor.is_floating_point() for tensor in tensors.values()):
        raise AdapterUnusable("the LoRA holds tensors that are no floating point numbers")
    return tensors


def _metadata(lora: bytes) -> Mapping[str, Any]:
    """diffusers' own metadata; empty where the header has none. The header was found sound by `_tensors`."""
    header = json.loads(lora[8 : 8 + int.from_bytes(lora[:8], "little")])
    stated = header.get("__metadata__", {}).get(_METADATA_KEY)
    if stated is None:
        return {}
    try:
        found = json.loads(stated) if len(stated) <= _MAX_METADATA_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AdapterUnusable(f"the LoRA's {_METADATA_KEY} cannot be read as JSON")
    return found


def _set_scales(pairs: Mapping[str, Pair], metadata: Mapping[str, Any]) -> None:
    if metadata and any(pair.alpha is not None for pair in pairs.values()):
        raise AdapterUnusable("the LoRA states its scale twice", remedy="Leave out its alpha keys, or its metadata.")
    for name, pair in pairs.items():
        if pair.down is None or pair.up is None:
            raise AdapterUnusable("the LoRA has a layer with only one of A and B")
        if pair.down.ndim < 2 or pair.down.shape[0] == 0:
            raise AdapterUnusable("a layer of the LoRA has no rank")
        rank = int(pair.down.shape[0])
        if pair.alpha is not None:
            pair.scale = pair.alpha / rank
        elif metadata:
            pair.scale = _stated_scale(metadata, name, rank)
        if not math.isfinite(pair.scale):
            raise AdapterUnusable("the LoRA holds numbers that are not finite")


def _stated_scale(metadata: Mapping[str, Any], name: str, rank: int) -> float:
    """peft's alpha / rank of one layer, or alpha / sqrt(rank) for rank-stabilised ones (arXiv:2312.03732)."""
    prefix, _, layer = name.partition(".")
    if metadata.get(f"{prefix}.use_dora"):
        raise AdapterUnusable("the LoRA is a DoRA, which slots do not take")
    alpha = metadata.get(f"{prefix}.lora_alpha", rank)
    patterns = metadata.get(f"{prefix}.alpha_pattern") or {}
    if not isinstance(patterns, dict) or not all(_PLAIN_NAME.fullmatch(pattern) for pattern in patterns):
        raise AdapterUnusable("the LoRA's metadata names layers by more than plain names")
    for pattern, value in patterns.items():
        # peft reads these as regular expressions; a stranger's file gets to run none here.
        plain = pattern.removeprefix("^")
        if layer == plain or (plain == pattern and layer.endswith(f".{plain}")):
            alpha = value
            break
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        raise AdapterUnusable("the LoRA's metadata states an alpha that is no number")
    try:
        stated = float(alpha)
    except OverflowError:  # a whole number in JSON may have any length
        stated = math.inf
    return stated / (math.sqrt(rank) if metadata.get(f"{prefix}.use_rslora") else rank)
