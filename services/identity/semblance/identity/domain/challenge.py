"""What a person is asked to do, in an order that only the server knows beforehand: three movements of the head and,
somewhere among them, closing both eyes. A smile is not asked for: README.md says what was measured.
"""

from __future__ import annotations

import enum
from collections.abc import Callable


class Movement(enum.Enum):
    """A checkable movement; left and right are the person's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    NOD = "nod"
    BLINK = "blink"


TURNS = (Movement.TURN_LEFT, Movement.TURN_RIGHT)


HEAD = (Movement.TURN_LEFT, Movement.TURN_RIGHT, Movement.NOD)
"""What moves the head; the rest is an expression, shown with the head at rest."""


def draw_challenge(below: Callable[[int], int], *, expression: bool = True) -> tuple[Movement, ...]:
    """The movements in a random order; without `expression` those of the head alone. `below(n)` gives an unpredictable
    integer from 0 to n-1 (secrets.randbelow)."""
    left = list(Movement) if expression else list(HEAD)
    drawn = []
    while left:
        drawn.append(left.pop(below(len(left))))
    return tuple(drawn)
