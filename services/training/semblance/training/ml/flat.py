"""A LoRA as generation's engine copies it into a slot, packed once, when the adapter is published."""

from __future__ import annotations

import logging

from semblance.diffusion import AdapterUnusable, Backbone
from semblance.diffusion.engine.engine import layout_of
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.slots import flatten

log = logging.getLogger(__name__)


def flat_of(backbone: Backbone, lora: bytes) -> bytes:
    """The sidecar for an engine that serves this backbone as its card says. Empty for a LoRA that such an engine would
    not take, of a larger rank for instance: generation reads the portable file then."""
    with backbone.lock:
        layout = layout_of(backbone, EngineSettings())
    try:
        return flatten(lora, layout).to_bytes()
    except AdapterUnusable as error:
        log.warning("an adapter was not packed for slots", extra={"error_code": error.code})
        return b""
