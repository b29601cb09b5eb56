"""What can go wrong with slots. An adapter's own faults are `AdapterUnusable`."""

from semblance.diffusion.errors import AdapterStillLoaded
from semblance.kernel.errors import Gone, Unavailable


class SlotsFull(Unavailable):
    """Every slot is worn by somebody who is being drawn."""

    code = "slots-full"

    def __init__(self, slots: int) -> None:
        super().__init__(f"all {slots} adapter slots are in use")


class AdapterWiped(Gone):
    """The adapter was wiped, or given back, and may be worn no more."""

    code = "adapter-wiped"

    def __init__(self) -> None:
        super().__init__("the adapter is not in a slot any more", remedy="Acquire it again, if its person agrees.")


class WornByAnother(AdapterStillLoaded):
    """One adapter was asked for in two subjects' names: a bug, and rendering must stop."""

    def __init__(self) -> None:
        super().__init__("an adapter in a slot belongs to another subject than the one it is asked for")
