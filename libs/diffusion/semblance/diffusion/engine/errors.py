"""How a request of the engine ends when no picture comes of it; texts never hold the prompt."""

from __future__ import annotations

from semblance.kernel.errors import Forbidden, QuotaExceeded, Unavailable


class QueueFull(QuotaExceeded):
    """As many rows wait as may."""

    code = "queue-full"


class DeadlineMissed(Unavailable):
    """A row had not begun by the request's deadline."""

    code = "deadline-missed"

    def __init__(self) -> None:
        super().__init__("the engine was too busy to begin before the request's deadline")


class Revoked(Forbidden):
    """An adapter of the request, or its person, was revoked; nothing of the work is left."""

    code = "adapter-revoked"

    def __init__(self) -> None:
        super().__init__("an adapter of this request has been revoked")


class EngineClosed(Unavailable):
    """The engine takes no requests any more, or closed before this one was done."""

    code = "engine-closed"

    def __init__(self) -> None:
        super().__init__("the engine is closing", remedy="Ask another engine, or again once one runs.")


class EngineBroken(Unavailable):
    """The engine's loop met a defect and stopped: it must be started anew."""

    code = "engine-broken"

    def __init__(self) -> None:
        super().__init__("the engine stopped at a defect", remedy="Start it anew; its log says where it stopped.")


class OutOfMemory(Unavailable):
    """Not even one row fits into memory."""

    code = "out-of-memory"

    def __init__(self) -> None:
        super().__init__("the picture does not fit into memory", remedy="Ask for a smaller one, or try again shortly.")
