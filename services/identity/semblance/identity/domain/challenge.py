"""What a person is asked to do, in an order that only the server knows beforehand.

Only movements that the five YuNet points can show are asked for. A blink and a smile are not: README.md says what was
measured.
"""

from __future__ import annotations

import enum
from collections.abc import Callable


class Movement(enum.Enum):
    """A checkable movement; left and right are the person's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    NOD = "nod"


TURNS = (Movement.TURN_LEFT, Movement.TURN_RIGHT)


def draw_challenge(below: Callable[[int], int]) -> tuple[Movement, ...]:
    """The movements in a random order. `below(n)` gives an unpredictable integer from 0 to n-1 (secrets.randbelow)."""
    left = list(Movement)
    drawn = []
    while left:
        drawn.append(left.pop(below(len(left))))
    return tuple(drawn)
