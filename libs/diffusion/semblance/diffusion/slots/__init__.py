"""Adapter slots: many people's LoRAs in memory, each lane of a batch wearing its own."""

from semblance.diffusion.slots.errors import AdapterWiped, SlotsFull, WornByAnother
from semblance.diffusion.slots.flat import FlatAdapter, flatten
from semblance.diffusion.slots.layers import Regions, SlotConv2d, SlotLinear
from semblance.diffusion.slots.layout import Layout
from semblance.diffusion.slots.table import MAX_STRENGTH, Held, Slots, Use

__all__ = [
    "MAX_STRENGTH",
    "AdapterWiped",
    "FlatAdapter",
    "Held",
    "Layout",
    "Regions",
    "SlotConv2d",
    "SlotLinear",
    "Slots",
    "SlotsFull",
    "Use",
    "WornByAnother",
    "flatten",
]
