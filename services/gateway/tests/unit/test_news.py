"""One look for all who wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from semblance.gateway.api.news import News
from semblance.kernel.errors import Unavailable

LONG_S = 20.0


class Rows:
    """What every look finds, and what was looked for."""

    def __init__(self, **newest: int) -> None:
        self.newest = newest
        self.looks: list[list[str]] = []

    def __call__(self, job_ids: Sequence[str]) -> dict[str, int]:
        self.looks.append(list(job_ids))
        return {job_id: self.newest[job_id] for job_id in job_ids if job_id in self.newest}


def test_many_wait_and_one_looks_for_them_all() -> None:
    rows = Rows(a=1, b=1)

    async def walk() -> None:
        news = News(rows, 0.05)
        waiting = [asyncio.create_task(news.after(job, 1, LONG_S)) for job in ("a", "b") for _ in range(50)]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in waiting)
        looks = len(rows.looks)
        rows.newest["a"] = 2
        await asyncio.wait_for(asyncio.gather(*waiting[:50]), LONG_S)
        assert not any(task.done() for task in waiting[50:])
        del rows.newest["b"]  # gone: who waits is told by what they read next
        await asyncio.wait_for(asyncio.gather(*waiting[50:]), LONG_S)
        assert all(look == ["a", "b"] for look in rows.looks[: max(1, looks)])

    asyncio.run(walk())


def test_what_came_before_one_waited_is_not_missed_and_nobody_waits_too_long() -> None:
    async def walk() -> None:
        news = News(Rows(a=3), 0.02)
        await asyncio.wait_for(news.after("a", 2, LONG_S), LONG_S)
        began_s = time.monotonic()
        await news.after("a", 3, 0.1)
        assert 0.1 <= time.monotonic() - began_s < LONG_S

    asyncio.run(walk())


def test_nobody_looks_while_nobody_waits_and_a_failed_look_wakes() -> None:
    def away(_job_ids: Sequence[str]) -> dict[str, int]:
        raise Unavailable("the database does not answer")

    async def walk() -> None:
        news = News(Rows(a=1), 0.02)
        await news.after("a", 1, 0.05)
        looking = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*looking), LONG_S)  # it ends by itself
        await asyncio.wait_for(News(away, 0.02).after("a", 1, LONG_S), LONG_S)

    asyncio.run(walk())
