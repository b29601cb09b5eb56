"""Questions that may hang, put by those who must not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from semblance.kernel.errors import Unavailable

AnswerT = TypeVar("AnswerT")


class Bounded(Generic[AnswerT]):
    """Asks in a thread of its own, and waits `limit_s` for the answer; one question at a time. One thread calls it."""

    def __init__(self, ask: Callable[[], AnswerT], limit_s: float) -> None:
        self._ask = ask
        self._limit_s = limit_s
        self._asked: Future[AnswerT] | None = None

    def __call__(self) -> AnswerT:
        """The answer, maybe to an earlier question that had none in time. Raises Unavailable without one, and what
        `ask` raises."""
        if self._asked is None:
            self._asked = Future()
            threading.Thread(target=self._answer, args=(self._asked,), name="bounded", daemon=True).start()
        try:
            answer = self._asked.result(self._limit_s)
        except TimeoutError as e:
            raise Unavailable("no answer in time") from e
        finally:
            if self._asked.done():
                self._asked = None
        return answer

    def _answer(self, asked: Future[AnswerT]) -> None:
        try:
            asked.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 - raised where it was asked
            asked.set_exception(error)
