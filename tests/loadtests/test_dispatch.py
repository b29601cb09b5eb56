"""The loop is open: nobody waits for anybody, and a late start is the harness's and is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from loadtests.arrivals import Arrival
from loadtests.dispatch import Dispatcher

PLAN = [Arrival(n, at_s, "s", "browse") for n, at_s in enumerate((0.0, 0.5, 0.5, 2.0))]


@dataclass
class Clockwork:
    """A clock that only sleeping moves; `spawned` are never run unless asked."""

    now_s: float = 100.0
    spawned: list[tuple[Callable[[Arrival, float], None], Arrival, float]] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def spawn(self, do: Callable[[Arrival, float], None], arrival: Arrival, due_s: float) -> None:
        self.starts.append(self.now_s)
        self.spawned.append((do, arrival, due_s))


def ignore(_arrival: Arrival, _due_s: float) -> None:
    pass


def test_everybody_is_sent_at_their_time_though_nobody_comes_back() -> None:
    clock = Clockwork()
    sent = Dispatcher(clock.spawn, clock.sleep, lambda: clock.now_s).run(PLAN, 100.0, ignore)
    assert sent == 4
    assert clock.starts == [100.0, 100.5, 100.5, 102.0]
    assert [due for *_, due in clock.spawned] == [100.0, 100.5, 100.5, 102.0]


def test_a_harness_that_is_late_keeps_the_intended_time() -> None:
    clock = Clockwork(now_s=101.0)
    Dispatcher(clock.spawn, clock.sleep, lambda: clock.now_s).run(PLAN, 100.0, ignore)
    assert clock.starts == [101.0, 101.0, 101.0, 102.0]
    assert [due for *_, due in clock.spawned] == [100.0, 100.5, 100.5, 102.0]


def test_beyond_the_limit_arrivals_are_refused_aloud() -> None:
    clock, refused = Clockwork(), list[int]()
    dispatcher = Dispatcher(
        clock.spawn, clock.sleep, lambda: clock.now_s, limit=2, refused=lambda a, _: refused.append(a.number)
    )
    assert dispatcher.run(PLAN, 100.0, ignore) == 2
    assert refused == [2, 3]


def test_whoever_comes_back_makes_room_even_by_an_error() -> None:
    clock = Clockwork()

    def broken(_arrival: Arrival, _due_s: float) -> None:
        raise ZeroDivisionError

    def spawn(do: Callable[[Arrival, float], None], arrival: Arrival, due_s: float) -> None:
        try:
            do(arrival, due_s)
        except ZeroDivisionError:
            clock.starts.append(clock.now_s)

    dispatcher = Dispatcher(spawn, clock.sleep, lambda: clock.now_s, limit=1)
    assert dispatcher.run(PLAN, 100.0, broken) == 4
    assert dispatcher.open == 0
