"""Who shares an engine with whom after one was lost to a defect."""

import pytest

from semblance.diffusion.engine.errors import EngineBroken
from semblance.generation.domain.order import Order
from semblance.generation.domain.suspects import Suspects, Which
from semblance.generation.ml.apart import Apart


class Waited(Exception):
    pass


def which(seed: int) -> Which:
    return Order(seed, None, None, None), ()


def unasked() -> None:
    raise AssertionError("it may enter at once")


def has_to_wait(apart: Apart, of: Which) -> bool:
    def wait() -> None:
        raise Waited

    try:
        with apart.drawing(of, wait):
            return False
    except Waited:
        return True


def test_whoever_was_there_at_a_defect_is_alone_until_it_is_drawn() -> None:
    apart = Apart()
    with apart.drawing(which(1), unasked):
        assert not has_to_wait(apart, which(2))
    with pytest.raises(EngineBroken), apart.drawing(which(1), unasked):
        raise EngineBroken
    with apart.drawing(which(2), unasked):
        assert has_to_wait(apart, which(1)), "somebody is there"
    with apart.drawing(which(1), unasked):
        assert has_to_wait(apart, which(2)), "it is alone"
    with apart.drawing(which(2), unasked):
        assert not has_to_wait(apart, which(1)), "it was drawn, and is as everybody"


def test_those_who_come_later_wait_behind_who_waits_to_be_alone() -> None:
    apart = Apart()

    def wait() -> None:
        assert has_to_wait(apart, which(3))
        raise Waited

    with apart.drawing(which(1), unasked):
        with pytest.raises(Waited), apart.drawing(which(2), wait, alone=True):
            raise AssertionError("somebody is there")
        assert not has_to_wait(apart, which(3)), "who left the line holds nobody up"


def test_of_the_many_only_the_last_are_remembered() -> None:
    suspects = Suspects()
    for seed in range(300):
        suspects.add(which(seed))
    assert (which(0) in suspects, which(299) in suspects) == (False, True)
    suspects.clear(which(299))
    assert which(299) not in suspects
