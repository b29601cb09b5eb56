import numpy as np
import pytest

from semblance.kernel.edit import least_steps, nothing_drawn, steps_taken


@pytest.mark.parametrize(("steps", "strength", "taken"), [(6, 0.5, 3), (6, 0.7, 4), (12, 1.0, 12), (12, 0.08, 0)])
def test_steps_are_rounded_down(steps: int, strength: float, taken: int) -> None:
    assert steps_taken(steps, strength) == taken


def test_the_way_over_the_wire_costs_no_step() -> None:
    for hundredths in range(1, 101):
        strength = hundredths / 100
        for steps in range(1, 51):
            expected = steps * hundredths // 100
            assert steps_taken(steps, strength) == steps_taken(steps, float(np.float32(strength))) == expected


def test_what_is_advised_draws() -> None:
    for hundredths in range(1, 101):
        strength = hundredths / 100
        assert steps_taken(least_steps(strength), strength) == 1
        assert not steps_taken(least_steps(strength) - 1, strength)
    assert nothing_drawn(12, 0.5, 50) is None
    assert nothing_drawn(12, 0.05, 50) == (
        "12 steps at a strength of 0.05 draw nothing: ask for at least 20 steps or a strength of 0.09"
    )
    assert nothing_drawn(12, 0.01, 50) == "12 steps at a strength of 0.01 draw nothing: ask for a strength of 0.09"
