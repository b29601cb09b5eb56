"""The terminal window as the coloured light that the capture asks for."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType

from semblance.client.models import ScreenColour
from semblance.kernel.errors import Unavailable

_RESET = "\x1b[0m\x1b[2J\x1b[H"


class TerminalScreen:
    """Fills the window with each colour in its time, from the moment it is entered; whole again when left.

    With no colours it shows nothing and only keeps the time. Raises Unavailable where no terminal could show them.
    """

    def __init__(self, colours: Sequence[ScreenColour]) -> None:
        if colours and not sys.stdout.isatty():
            raise Unavailable(
                "the capture asks for colours on the screen, and this is no terminal",
                remedy="Run the demo in a terminal window that knows 24-bit colours, as large as the screen.",
            )
        self._colours = list(colours)
        self._began_s = time.monotonic()
        self._on = ""

    def __enter__(self) -> TerminalScreen:
        self._began_s = time.monotonic()
        self.show(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._colours:
            sys.stdout.write(_RESET)
            sys.stdout.flush()

    def now_ms(self) -> int:
        """Milliseconds since it was entered."""
        return round((time.monotonic() - self._began_s) * 1000)

    def show(self, at_ms: int) -> None:
        """Fill the window with the colour of this moment."""
        if not self._colours:
            return
        colour = colour_at(self._colours, at_ms)
        if colour != self._on:
            red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
            sys.stdout.write(f"\x1b[48;2;{red};{green};{blue}m\x1b[30m\x1b[2J\x1b[H")
            sys.stdout.flush()
            self._on = colour


def colour_at(colours: Sequence[ScreenColour], at_ms: int) -> str:
    """Which colour is due; after the last comes the first again."""
    left = at_ms % sum(c.for_ms for c in colours)
    for due in colours:
        if left < due.for_ms:
            return due.colour
        left -= due.for_ms
    return colours[-1].colour
