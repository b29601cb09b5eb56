"""What is heard of somebody elsewhere in a cluster: lost, or not there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from semblance.kernel.errors import QuotaExceeded, SemblanceError, Unavailable
from semblance.service_kit.cluster.answers import Refused, Stream


class Away(Unavailable):
    code = "cluster-away"
    away = True


class Lost:
    """Answers so often, then is gone."""

    def __init__(self, answers: int) -> None:
        self._answers = answers

    def __iter__(self) -> Iterator[int]:
        yield from range(self._answers)
        raise ConnectionError

    def cancel(self) -> None:
        pass


@pytest.mark.parametrize(
    ("answers", "begins", "away"),
    [
        (0, (), True),
        (1, (), False),
        (2, (lambda number: number == 2,), True),
        (3, (lambda number: number == 2,), False),
    ],
)
def test_only_who_was_not_begun_is_away(answers: int, begins: tuple[Callable[[int], bool], ...], away: bool) -> None:
    stream: Stream[int] = Stream(lambda: Lost(answers), Away, *begins)
    for number in range(answers):
        assert stream.next(5) == number
    with pytest.raises(Away) as raised:
        stream.next(5)
    assert raised.value.away is away
    stream.end(5)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (Unavailable("no room for one row", code="out-of-memory"), False),
        (QuotaExceeded("full", retry_after_s=1), False),
        (Away("closed"), True),
    ],
)
def test_who_says_why_not_is_not_away(error: SemblanceError, away: bool) -> None:
    made = Refused.of(error).error(Away)
    assert isinstance(made, Away)
    assert (made.code, made.away) == (error.code, away)
