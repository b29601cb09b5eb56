"""Putting slot layers in place of a tower's own, and the tower's own back."""

from __future__ import annotations

from collections.abc import Mapping

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from semblance.diffusion.errors import AdapterStillLoaded, BackboneTaken, BackboneUnusable
from semblance.diffusion.slots.layers import SlotConv2d, SlotLinear

SlotLayer = SlotLinear | SlotConv2d


def require_bare(module: nn.Module) -> None:
    """Raise AdapterStillLoaded when a module holds layers of peft's, BackboneTaken when it holds slots."""
    if getattr(module, "peft_config", None) or any(isinstance(part, BaseTunerLayer) for part in module.modules()):
        raise AdapterStillLoaded(type(module).__name__)
    if any(isinstance(part, SlotLinear | SlotConv2d) for part in module.modules()):
        raise BackboneTaken(type(module).__name__)


def attach(module: nn.Module, reads_words: Mapping[str, bool]) -> dict[str, SlotLayer]:
    """Wrap the named modules where they stand; what each wraps is untouched. By name, in the mapping's order."""
    require_bare(module)
    made = {name: _wrapped(name, module.get_submodule(name), words) for name, words in reads_words.items()}
    for name, layer in made.items():
        module.set_submodule(name, layer)
    return made


def detach(module: nn.Module, layers: Mapping[str, SlotLayer]) -> None:
    """Put the very modules back that `attach` found."""
    for name, layer in layers.items():
        module.set_submodule(name, layer.base)


def _wrapped(name: str, base: nn.Module, reads_words: bool) -> SlotLayer:
    if isinstance(base, nn.Linear):
        return SlotLinear(base, reads_words=reads_words)
    if isinstance(base, nn.Conv2d):
        return SlotConv2d(base)
    raise BackboneUnusable(f"{name} is not the layer that the layout was made of")
