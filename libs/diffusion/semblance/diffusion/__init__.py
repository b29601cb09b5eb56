"""Backbone loading, one person's LoRA, and rendering: arrays in, arrays out; it knows no topic and no user."""

from semblance.diffusion.adapter import Adapter
from semblance.diffusion.backbone import Backbone, load_backbone, weights_digest
from semblance.diffusion.captions import training_picture
from semblance.diffusion.config import BackboneConfig, LoraSettings, SamplerConfig, lora_settings
from semblance.diffusion.errors import (
    AdapterStillLoaded,
    AdapterUnusable,
    BackboneUnusable,
    Cancelled,
    PromptTooLong,
    RequestInvalid,
)
from semblance.diffusion.examples import TrainingPicture
from semblance.diffusion.leaks import changes_nothing, draw_nobody, draw_other_words, draw_others, together
from semblance.diffusion.rendering import RenderRequest, derived_seed, render
from semblance.diffusion.slots import (
    AdapterWiped,
    FlatAdapter,
    Held,
    Layout,
    Regions,
    Slots,
    SlotsFull,
    Use,
    WornByAnother,
    flatten,
)
from semblance.diffusion.strength import at_best_strength, draw_photos
from semblance.diffusion.training import train_lora

__all__ = [
    "Adapter",
    "AdapterStillLoaded",
    "AdapterUnusable",
    "AdapterWiped",
    "Backbone",
    "BackboneConfig",
    "BackboneUnusable",
    "Cancelled",
    "FlatAdapter",
    "Held",
    "Layout",
    "LoraSettings",
    "PromptTooLong",
    "Regions",
    "RenderRequest",
    "RequestInvalid",
    "SamplerConfig",
    "Slots",
    "SlotsFull",
    "TrainingPicture",
    "Use",
    "WornByAnother",
    "at_best_strength",
    "changes_nothing",
    "derived_seed",
    "draw_nobody",
    "draw_other_words",
    "draw_others",
    "draw_photos",
    "flatten",
    "load_backbone",
    "lora_settings",
    "render",
    "together",
    "train_lora",
    "training_picture",
    "weights_digest",
]
