"""The same seed gives the same bytes, whoever else is in the batch, whenever they come, wherever the row lies."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRIALS = 40
STEPS = 3


def test_nobodys_company_changes_a_bit(drawing: Any, drawn: Callable[..., list[NDArray[np.uint8]]]) -> None:
    engine, dice = drawing.engine(lanes=(4, 8)), random.Random(11)
    wanted = drawing.request(0, seed=99, steps=STEPS, guidance_scale=3.0)
    (alone,) = drawn(engine, engine.submit(wanted))
    differing, shared = 0, set()
    for _trial in range(TRIALS):
        tickets = []
        for _mate in range(dice.randrange(4)):
            tickets.append(engine.submit(mate(drawing, dice)))
            if dice.random() < 0.5:
                engine.turn()
        ours = engine.submit(wanted)
        tickets.append(ours)
        for _turn in range(dice.randrange(3)):
            engine.turn()
            shared.add(engine.stats().rows_in_flight)
            tickets.append(engine.submit(mate(drawing, dice)))
        (picture,) = drawn(engine, ours, *tickets)
        differing += int(np.unpackbits(picture ^ alone).sum())
    assert differing == 0
    assert {1, 2, 3} <= shared  # it did have company


def mate(drawing: Any, dice: random.Random) -> Any:
    return drawing.request(
        dice.choice([None, 0, 1, 2, 3, 4]),
        seed=dice.randrange(1000),
        steps=dice.randrange(1, 5),
        guidance_scale=dice.uniform(1.5, 9.0),
        likeness_scale=dice.uniform(0.0, 2.0),
        negative_prompt=dice.choice(["", "sad"]),
    )
