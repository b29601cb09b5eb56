"""A training between two steps as bytes, and back only if they are whole and this very training's own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.learner import Learner

log = logging.getLogger(__name__)
_VERSION: Final = 1
_DIGEST_BYTES: Final = 32
_KEPT: Final = "kept."
_NUMBERS: Final = ("vector", "first", "second")


@dataclass(frozen=True)
class State:
    """After `step` steps. vector, first and second (floats,): weights and AdamW's two moments. generator: its bytes.

    kept: the candidates put aside so far, by their step.
    """

    step: int
    vector: torch.Tensor = field(repr=False)
    first: torch.Tensor = field(repr=False)
    second: torch.Tensor = field(repr=False)
    generator: torch.Tensor = field(repr=False)
    kept: Mapping[int, torch.Tensor] = field(default_factory=dict, repr=False)

    @classmethod
    def fresh(cls, vector: torch.Tensor) -> State:
        """Before the first step."""
        nothing = torch.zeros(0)
        return cls(0, vector, nothing, nothing, nothing)

    def to_bytes(self, mark: str) -> bytes:
        """SHA-256, then safetensors. mark: whose training this is, see `mark_of`."""
        tensors = {name: getattr(self, name).cpu().contiguous() for name in (*_NUMBERS, "generator")}
        tensors |= {f"{_KEPT}{step}": vector for step, vector in self.kept.items()}
        stated = {"mark": mark, "step": str(self.step), "version": str(_VERSION)}
        payload: bytes = safetensors_torch.save(tensors, metadata=stated)
        return hashlib.sha256(payload).digest() + payload

    @classmethod
    def from_bytes(cls, data: bytes, mark: str, floats: int, steps: int) -> State | None:
        """None, and a log line that says why, for bytes that are damaged or another training's."""
        why = _fault(data, mark)
        if why is None:
            try:
                state = cls._read(data[_DIGEST_BYTES:])
            except (KeyError, ValueError):
                why = "other fields"
            else:
                why = state._unfit(floats, steps)
                if why is None:
                    return state
        log.warning("a checkpoint was thrown away", extra={"reason": why})
        return None

    @classmethod
    def _read(cls, payload: bytes) -> State:
        tensors = safetensors_torch.load(payload)
        kept = {int(name.removeprefix(_KEPT)): t for name, t in tensors.items() if name.startswith(_KEPT)}
        plain = {name: tensors[name] for name in (*_NUMBERS, "generator")}
        return cls(step=int(_stated(payload)["step"]), kept=kept, **plain)

    def _unfit(self, floats: int, steps: int) -> str | None:
        vectors = [*(getattr(self, name) for name in _NUMBERS), *self.kept.values()]
        if not 0 < self.step < steps or any(vector.shape != (floats,) for vector in vectors):
            return "other shapes"
        if not all(bool(torch.isfinite(vector).all()) for vector in vectors):
            return "numbers that are not finite"
        return None


def mark_of(backbone: Backbone, learner: Learner) -> str:
    """SHA-256, hexadecimal, over everything that a training's result depends on: a resumed one must be the same one."""
    total = hashlib.sha256(backbone.digest.encode())
    total.update(json.dumps(dataclasses.asdict(learner.settings), sort_keys=True).encode())
    for picture in learner.pictures:
        total.update(hashlib.sha256(picture.caption.encode()).digest())
        total.update(hashlib.sha256(picture.image.tobytes()).digest())
    total.update(b"" if learner.reference is None else learner.reference.tobytes())
    return total.hexdigest()


def _fault(data: bytes, mark: str) -> str | None:
    """What is wrong with the bytes before anything in them is used."""
    payload = data[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != data[:_DIGEST_BYTES]:
        return "damaged"
    try:
        safetensors_torch.load(payload)  # first: what it takes has a sound header
        stated = _stated(payload)
    except (SafetensorError, ValueError, KeyError):
        return "damaged"
    if stated.get("version") != str(_VERSION):
        return "another version"
    if stated.get("mark") != mark:
        return "another training's"
    return None


def _stated(payload: bytes) -> dict[str, str]:
    header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    stated: dict[str, str] = header["__metadata__"]
    return stated
