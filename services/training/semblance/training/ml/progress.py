"""Several drawings told as one count of steps."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[int, int], None]


class Progress:
    """For drawings of `prompts` prompts together, of equally many steps each. tell(done, of) may raise."""

    def __init__(self, tell: Tell, prompts: int) -> None:
        self._tell = tell
        self._prompts = prompts
        self._begun = 0

    def over(self, prompts: int) -> Tell:
        """What the next drawing, of so many prompts, calls after each of its own steps."""
        begun, self._begun = self._begun, self._begun + prompts

        def step(done: int, of: int) -> None:
            steps = of // prompts
            self._tell(begun * steps + done, self._prompts * steps)

        return step
