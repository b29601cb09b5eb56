"""People who draw."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.ports import OpenAdapter, Renderer

WORDS, LONG = Words("smiling", ""), Order(5, 50, None, None)


class _Enough(Exception):
    pass


class Drawing:
    """People who draw one picture after another, until they are told to stop; a drawing whose engine was lost is asked
    for again, as the queue does."""

    def __init__(self, renderer: Renderer, adapter: OpenAdapter) -> None:
        self._renderer, self._adapter = renderer, adapter
        self._expected = renderer.draw(WORDS, LONG, adapter, lambda *_: None).png
        self._counting = threading.Lock()
        self._stopped = threading.Event()
        self.drawn = self.differing = self.again = 0

    @contextmanager
    def by(self, people: int) -> Iterator[None]:
        """So many draw meanwhile."""
        with ThreadPoolExecutor(people) as threads:
            drawing = [threads.submit(self._person) for _ in range(people)]
            try:
                yield
            finally:
                self._stopped.set()
        for person in drawing:
            person.result()

    def _person(self) -> None:
        while not self._stopped.is_set():
            try:
                png = self._renderer.draw(WORDS, LONG, self._adapter, self._until_stopped).png
            except _Enough:
                return
            except EngineAway:
                with self._counting:
                    self.again += 1
                time.sleep(0.2)
                continue
            with self._counting:
                self.drawn += 1
                self.differing += png != self._expected

    def _until_stopped(self, _step: int, _steps: int) -> None:
        if self._stopped.is_set():
            raise _Enough
