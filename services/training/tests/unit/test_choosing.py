from semblance.diffusion import Adapter
from semblance.training.ml.choosing import choose

EARLY, MIDDLE, LATE = (Adapter(name) for name in (b"early", b"middle", b"late"))


def test_the_most_alike_is_kept_and_of_equals_the_later_one() -> None:
    alike = {b"early": 0.4, b"middle": 0.6, b"late": 0.6}
    assert choose([EARLY, MIDDLE, LATE], lambda one: alike[one.lora or b""], lambda _one: True) == (LATE, 0.6)


def test_one_that_leaks_is_passed_over_and_the_leak_is_looked_for_once_a_candidate() -> None:
    looked: list[bytes | None] = []

    def passes(one: Adapter) -> bool:
        looked.append(one.lora)
        return one is MIDDLE

    alike = {b"early": 0.4, b"middle": 0.5, b"late": 0.6}
    assert choose([EARLY, MIDDLE, LATE], lambda one: alike[one.lora or b""], passes) == (MIDDLE, 0.5)
    assert looked == [b"late", b"middle"]
    assert choose([EARLY, MIDDLE, LATE], lambda one: alike[one.lora or b""], lambda _one: False) == (LATE, 0.6)


def test_a_single_one_is_neither_drawn_nor_looked_at() -> None:
    def never(_one: Adapter) -> bool:
        raise AssertionError("there is nothing to choose")

    assert choose([LATE], never, never) == (LATE, None)
