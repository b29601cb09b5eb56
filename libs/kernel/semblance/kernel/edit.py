"""How many steps an edit takes: one rule for who asks, who checks and who draws."""

from __future__ import annotations

from typing import Final

_LOST: Final = 1e-5
"""What float32 loses on the wire: 10 steps at a strength of 0.7 are seven, also when it comes as 0.69999999."""


def steps_taken(steps: int, strength: float) -> int:
    """Of so many steps, those that an edit of this strength (0 to 1) takes: rounded down, as in diffusers."""
    return min(int(steps * strength + _LOST), steps)


def least_steps(strength: float) -> int:
    """The fewest steps of which an edit of this strength (above 0, at most 1) takes one."""
    fewest = max(1, int(1 / strength))
    return fewest if steps_taken(fewest, strength) else fewest + 1


def nothing_drawn(steps: int, strength: float, most: int) -> str | None:
    """Why an edit would draw nothing, and what to ask for instead; None when it draws. most: steps that may be asked
    for."""
    if steps_taken(steps, strength):
        return None
    least_strength = -(-100 // steps) / 100
    more = least_steps(strength)
    enough = f"at least {more} steps or " if more <= most else ""
    return (
        f"{steps} steps at a strength of {strength:.3g} draw nothing: ask for {enough}a strength of {least_strength:g}"
    )
